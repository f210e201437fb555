INSERT INTO {centers} (iteration, cluster_id, "count", /*each feature*/ {column_1} /*end*/)
VALUES ($iteration, $cluster_id, $rows, /*each feature*/ $m_1 /*end*/)
