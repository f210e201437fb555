-- The distinct rows of the largest scores (algorithm/draw.py), and how often they occur. u is a
-- multiple of 2^-53 in (0, 1], made of the first 53 bits of a row's hash; row_hash is 2^63 less.
-- PostgreSQL refuses a product that underflows to 0, which the definition takes as 0: t * t is 0 up
-- to $least, w * (t * t) is 0 up to $least_1 of the feature.
WITH {hashes},
measured AS (
    SELECT row_hash, /*each feature*/ x_1 /*end*/, least(distance, {most}) AS distance
    FROM hashed
    CROSS JOIN LATERAL (
        SELECT min(/*each feature joined by +*/
                   CASE WHEN abs(x_1 - m_1) <= $least THEN 0
                        WHEN (x_1 - m_1) * (x_1 - m_1) <= $least_1 THEN 0
                        ELSE w_1 * ((x_1 - m_1) * (x_1 - m_1)) END /*end*/) AS distance
        FROM mr_kmeans_centers
    ) AS nearest
    OFFSET 0
),
scored AS (
    SELECT distance / (CAST((row_hash >> 11) + 4503599627370497 AS float8) * {unit}) AS score,
           /*each feature*/ x_1 /*end*/
    FROM measured
    WHERE distance > 0
)
SELECT score, /*each feature*/ x_1 /*end*/, count(*)
FROM scored
GROUP BY score, /*each feature*/ x_1 /*end*/
ORDER BY score DESC, /*each feature*/ x_1 /*end*/
LIMIT {capacity}
