-- The points: x_1 is the value on the grid of its feature, i_1 the same in steps of the grid, a
-- whole number.
CREATE TEMP VIEW mr_kmeans_points AS
SELECT /*each feature*/ {x_1} AS x_1, {i_1} AS i_1 /*end*/
FROM mr_kmeans_values
WHERE {good}
