-- `ranking` where a square may vanish: PostgreSQL refuses a product that underflows to 0, which the
-- definition takes as 0. t * t is 0 up to $least, w * (t * t) is 0 up to $least_1 of the feature.
WITH numbered AS (
    SELECT row_number() OVER () AS point, /*each feature*/ x_1, i_1 /*end*/
    FROM mr_kmeans_points
),
differences AS (
    SELECT point, cluster_id, /*each feature*/ i_1, w_1, x_1 - m_1 AS t_1 /*end*/
    FROM numbered CROSS JOIN mr_kmeans_centers
    OFFSET 0
),
squares AS (
    SELECT point, cluster_id,
           /*each feature*/ i_1, w_1, CASE WHEN abs(t_1) <= $least THEN 0 ELSE t_1 * t_1
                      END AS s_1 /*end*/
    FROM differences
    OFFSET 0
),
ranked AS (
    SELECT cluster_id, /*each feature*/ i_1 /*end*/,
           rank() OVER (PARTITION BY point ORDER BY
               /*each feature joined by +*/ CASE WHEN s_1 <= $least_1 THEN 0
                    ELSE w_1 * s_1 END /*end*/,
               cluster_id) AS place
    FROM squares
)
SELECT cluster_id, count(*), /*each feature*/ sum(i_1) /*end*/
FROM ranked
WHERE place = 1
GROUP BY cluster_id
ORDER BY cluster_id
