-- `measured` for more centroids than it can hold.
numbered AS (
    SELECT row_number() OVER () AS point, seeded_hash, /*each feature*/ x_1 /*end*/
    FROM seeded
),
measured AS (
    SELECT any_value(seeded_hash) AS seeded_hash, /*each feature*/ any_value(x_1) AS x_1 /*end*/,
           least(min(distance), {most}) AS distance
    FROM (
        SELECT point, seeded_hash, /*each feature*/ x_1 /*end*/,
               /*each feature joined by +*/ w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/ AS distance
        FROM numbered CROSS JOIN mr_kmeans_centers
    )
    GROUP BY point
)
