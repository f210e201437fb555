-- One iteration, most points decided by scores of half the precision and two thirds of the
-- operations: the nearest centroid has the largest y . b - |b|^2 / 2, and those whose score is more
-- than $margin below the largest are out, with certainty (screen.py). The distances decide between
-- those that are left.
WITH scores AS (
    SELECT /*each feature*/ i_1 /*end*/,
           /*each cluster*/
           /*each feature joined by +*/ y_1 * CAST($b_c_1 AS FLOAT) /*end*/
               - CAST($h_c AS FLOAT) AS s_c
           /*end*/
    FROM {points}
),
{rounds}
compared AS (
    SELECT *, {largest} - CAST($margin AS FLOAT) AS least_score
    FROM {last_round}
),
-- Each cluster that is left adds {unit} and its number.
screened AS (
    SELECT /*each feature*/ i_1 /*end*/,
           /*each cluster joined by +*/ CAST(s_c >= least_score AS FLOAT)
               * CAST({mark_c} AS FLOAT) /*end*/ AS marks
    FROM compared
),
summed AS MATERIALIZED (
    SELECT CASE WHEN marks < 2 * {unit} THEN CAST(marks - {unit} AS INTEGER) END AS cluster_id,
           count(*) AS points, /*each feature*/ sum(i_1) AS total_1 /*end*/,
           list(struct_pack(/*each feature*/ i_1 := i_1 /*end*/))
               FILTER (WHERE marks >= 2 * {unit}) AS close
    FROM screened
    GROUP BY 1
),
close AS (
    SELECT row_number() OVER () AS number, *, /*each feature*/ {x_1} AS x_1 /*end*/
    FROM (SELECT unnest(close, recursive := true) FROM summed WHERE cluster_id IS NULL)
),
decided AS (
    SELECT arg_min(cluster_id, row(distance, cluster_id)) AS cluster_id,
           /*each feature*/ any_value(i_1) AS i_1 /*end*/
    FROM (
        SELECT number, cluster_id, /*each feature*/ i_1 /*end*/,
               /*each feature joined by +*/ w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/ AS distance
        FROM close CROSS JOIN mr_kmeans_centers
    )
    GROUP BY number
)
SELECT cluster_id, CAST(sum(points) AS BIGINT), /*each feature*/ sum(total_1) /*end*/,
       CAST(sum(close_points) AS BIGINT)
FROM (
    SELECT cluster_id, points, /*each feature*/ total_1 /*end*/, 0 AS close_points
    FROM summed WHERE cluster_id IS NOT NULL
    UNION ALL
    SELECT cluster_id, count(*), /*each feature*/ sum(i_1) /*end*/, count(*)
    FROM decided GROUP BY cluster_id
)
GROUP BY cluster_id
ORDER BY cluster_id
