-- One iteration, most points decided by scores of half the precision and two thirds of the operations: the nearest centroid has
-- the largest y . b - |b|^2 / 2, and those whose score is more than $margin below the largest are out, with certainty (screen.py).
-- The distances decide between those that are left.
WITH shifted AS (
    SELECT /*each feature*/ i_1, x_1, CAST((x_1 - $shift_1) * $scale_1 AS FLOAT) AS y_1 /*end*/
    FROM mr_kmeans_points
),
scores AS (
    SELECT /*each feature*/ i_1, x_1 /*end*/,
           /*each cluster*/
           CAST(/*each feature joined by +*/ y_1 * CAST($b_c_1 AS FLOAT) /*end*/ - CAST($h_c AS FLOAT) AS DOUBLE) AS s_c
           /*end*/
    FROM shifted
),
compared AS (
    SELECT *, greatest(/*each cluster*/ s_c /*end*/) - $margin AS least_score
    FROM scores
),
screened AS (
    SELECT /*each feature*/ i_1, x_1 /*end*/,
           CASE /*each cluster joined by*/ WHEN s_c >= least_score THEN {cluster_c} /*end*/ END AS first_left,
           CASE /*each cluster joined by*/ WHEN {s_reversed_c} >= least_score THEN {reversed_c} /*end*/ END AS last_left
    FROM compared
),
labeled AS (
    SELECT /*each feature*/ i_1 /*end*/, first_left <> last_left AS was_close,
           CASE WHEN first_left = last_left THEN first_left
                ELSE list_min(list_transform(CAST($centroids AS DOUBLE[][]), lambda m, number: row(
                    /*each feature joined by +*/ $w_1 * ((x_1 - m[/*number*/1]) * (x_1 - m[/*number*/1])) /*end*/,
                    number - 1)))[2]
           END AS cluster_id
    FROM screened
)
SELECT cluster_id, count(*), /*each feature*/ sum(i_1) /*end*/, count(*) FILTER (WHERE was_close)
FROM labeled
GROUP BY cluster_id
ORDER BY cluster_id
