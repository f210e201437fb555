-- The distinct rows of the largest scores (algorithm/draw.py), and how often they occur. u is a
-- multiple of 2^-53 in (0, 1], made of the first 53 bits of a row's hash; seeded_hash is 2^63 less.
WITH {hashes},
{seeded},
measured AS (
    SELECT seeded_hash, /*each feature*/ x_1 /*end*/, least(distance, {most}) AS distance
    FROM seeded
    CROSS JOIN LATERAL (
        SELECT min(/*each feature joined by +*/
                   w_1 * ((x_1 - m_1) * (x_1 - m_1)) /*end*/) AS distance
        FROM mr_kmeans_centers
    ) AS nearest
    OFFSET 0
),
scored AS (
    SELECT distance / (CAST((seeded_hash >> 11) + 4503599627370497 AS float8) * {unit}) AS score,
           /*each feature*/ x_1 /*end*/
    FROM measured
    WHERE distance > 0
)
SELECT score, /*each feature*/ x_1 /*end*/, count(*)
FROM scored
GROUP BY score, /*each feature*/ x_1 /*end*/
ORDER BY score DESC, /*each feature*/ x_1 /*end*/
LIMIT {capacity}
