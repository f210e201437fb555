SELECT iteration, cluster_id, "count", /*each feature*/ {column_1} /*end*/
FROM {centers}
ORDER BY iteration, cluster_id
