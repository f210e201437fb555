-- The nearest centroid of each row, ties to the lowest id, and the distance to it.
-- Kept columns are numbered up to the last SELECT: by their own names they might look like ours.
AS
WITH mr_kmeans_given AS (
    SELECT /*each feature*/ {value_1} AS v_1 /*end*/, {kept}
    FROM {source}
),
mr_kmeans_usable AS (
    SELECT /*each feature*/ {x_1} AS x_1 /*end*/, {carried}
    FROM mr_kmeans_given
    WHERE /*each feature joined by AND*/ abs(v_1) <= {limit} /*end*/
),
mr_kmeans_centroids (cluster_id, /*each feature*/ m_1, w_1 /*end*/) AS (
    VALUES {centroids}
)
SELECT {renamed}, nearest.cluster_id, sqrt(nearest.distance) AS distance
FROM mr_kmeans_usable
CROSS JOIN LATERAL (
    SELECT cluster_id, /*each feature joined by +*/ w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/
           AS distance
    FROM mr_kmeans_centroids
    ORDER BY distance, cluster_id
    LIMIT 1
) AS nearest
