-- `drawn` for more centroids than it can hold.
WITH {hashes},
numbered AS (
    SELECT row_number() OVER () AS point, row_hash, /*each feature*/ x_1 /*end*/
    FROM hashed
),
measured AS (
    SELECT any_value(row_hash) AS row_hash, /*each feature*/ any_value(x_1) AS x_1 /*end*/,
           least(min(distance), {most}) AS distance
    FROM (
        SELECT point, row_hash, /*each feature*/ x_1 /*end*/,
               /*each feature joined by +*/ w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/ AS distance
        FROM numbered CROSS JOIN mr_kmeans_centers
    )
    GROUP BY point
)
SELECT distance / (((row_hash >> 11) + 4503599627370497)::DOUBLE * {unit}) AS score,
       /*each feature*/ x_1 /*end*/, count(*)
FROM measured
WHERE distance > 0
GROUP BY score, /*each feature*/ x_1 /*end*/
ORDER BY score DESC, /*each feature*/ x_1 /*end*/
LIMIT {capacity}
