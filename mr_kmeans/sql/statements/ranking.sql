-- One iteration: all points with all centroids of the last iteration, ranked per point by distance;
-- those of rank 1 summed.
WITH numbered AS (
    SELECT row_number() OVER () AS point, /*each feature*/ x_1, i_1 /*end*/
    FROM mr_kmeans_points
),
measured AS (
    SELECT point, cluster_id, /*each feature*/ i_1 /*end*/,
           /*each feature joined by +*/ w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/ AS distance
    FROM numbered CROSS JOIN mr_kmeans_centers
),
ranked AS (
    SELECT cluster_id, /*each feature*/ i_1 /*end*/,
           rank() OVER (PARTITION BY point ORDER BY distance, cluster_id) AS place
    FROM measured
)
SELECT cluster_id, count(*), /*each feature*/ sum(i_1) /*end*/
FROM ranked
WHERE place = 1
GROUP BY cluster_id
ORDER BY cluster_id
