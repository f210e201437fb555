-- The values of the source as float64, in the order of the features; NULL or NaN where one is
-- missing.
CREATE TEMP VIEW mr_kmeans_values AS
SELECT /*each feature*/ {value_1} AS v_1 /*end*/
FROM {source}
