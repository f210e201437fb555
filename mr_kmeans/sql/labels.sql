-- The nearest centroid of each row, ties to the lowest id, and the distance to it.
{create} AS
WITH given AS (
    SELECT /*each feature*/ {value_1} AS v_1 /*end*/, {kept}
    FROM {source}
),
points AS (
    SELECT /*each feature*/ {x_1} AS x_1 /*end*/, {names}
    FROM given
    WHERE /*each feature joined by AND*/ abs(v_1) <= {limit} /*end*/
),
centroids (cluster_id, /*each feature*/ m_1, w_1 /*end*/) AS (
    VALUES {centroids}
)
SELECT {names}, nearest.cluster_id, sqrt(nearest.distance) AS distance
FROM points
CROSS JOIN LATERAL (
    SELECT cluster_id, /*each feature joined by +*/ w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/ AS distance
    FROM centroids
    ORDER BY distance, cluster_id
    LIMIT 1
) AS nearest
