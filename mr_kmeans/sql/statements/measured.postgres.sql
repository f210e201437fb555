-- The distance of each row to its nearest centroid.
measured AS (
    SELECT seeded_hash, /*each feature*/ x_1 /*end*/, least(distance, {most}) AS distance
    FROM seeded
    CROSS JOIN LATERAL (
        SELECT min(/*each feature joined by +*/
                   w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/) AS distance
        FROM mr_kmeans_centers
    ) AS nearest
    OFFSET 0
)
