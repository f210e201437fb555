INSERT INTO {centers} (iteration, cluster_id, "count", /*each feature*/ {column_1} /*end*/)
VALUES /*each cluster*/ ($iteration, $cluster_c, $rows_c, /*each feature*/ $m_c_1 /*end*/) /*end*/
