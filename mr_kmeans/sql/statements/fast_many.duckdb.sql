-- One iteration, for more centroids than `fast` can hold: per point the least (distance,
-- cluster_id).
WITH numbered AS (
    SELECT row_number() OVER () AS point, /*each feature*/ x_1, i_1 /*end*/
    FROM mr_kmeans_points
),
labeled AS (
    SELECT arg_min(cluster_id, row(distance, cluster_id)) AS cluster_id,
           /*each feature*/ any_value(i_1) AS i_1 /*end*/
    FROM (
        SELECT point, cluster_id, /*each feature*/ i_1 /*end*/,
               /*each feature joined by +*/ w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/ AS distance
        FROM numbered CROSS JOIN mr_kmeans_centers
    )
    GROUP BY point
)
SELECT cluster_id, count(*), /*each feature*/ sum(i_1) /*end*/
FROM labeled
GROUP BY cluster_id
ORDER BY cluster_id
