-- The points as `screened` reads them: i_1 as it is, and y_1, shifted and scaled for scores in
-- FLOAT.
CREATE TEMP TABLE mr_kmeans_packed AS
SELECT /*each feature*/ {i_1} AS i_1, CAST((x_1 - $shift_1) * $scale_1 AS FLOAT) AS y_1 /*end*/
FROM mr_kmeans_points
