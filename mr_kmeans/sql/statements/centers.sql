-- The centroids of the last iteration, and beside them the weights of the features. A pass has put
-- its own iteration in, and keeps the table from other runs until it is done.
CREATE OR REPLACE TEMP VIEW mr_kmeans_centers AS
SELECT cluster_id, /*each feature*/ {column_1} AS m_1, {weight_1} AS w_1 /*end*/
FROM {centers}
WHERE iteration = (SELECT max(iteration) FROM {centers})
