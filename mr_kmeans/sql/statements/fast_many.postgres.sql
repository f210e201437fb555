-- One iteration, for more centroids than `fast` can hold: per point the first centroid by
-- (distance, cluster_id).
SELECT cluster_id, count(*), /*each feature*/ sum(i_1) /*end*/
FROM mr_kmeans_points
CROSS JOIN LATERAL (
    SELECT cluster_id
    FROM mr_kmeans_centers
    ORDER BY /*each feature joined by +*/ w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/, cluster_id
    LIMIT 1
) AS nearest
GROUP BY cluster_id
ORDER BY cluster_id
