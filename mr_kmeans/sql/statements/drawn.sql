-- The distinct rows of the largest scores (algorithm/draw.py), and how often they occur. u is a
-- multiple of 2^-53 in (0, 1], made of the first 53 bits of a row's hash; seeded_hash is 2^63 less.
WITH {hashes},
{seeded},
{measured}
SELECT distance / (CAST((seeded_hash >> 11) + 4503599627370497 AS double precision) * {unit})
           AS score,
       /*each feature*/ x_1 /*end*/, count(*)
FROM measured
WHERE distance > 0
GROUP BY score, /*each feature*/ x_1 /*end*/
ORDER BY score DESC, /*each feature*/ x_1 /*end*/
LIMIT {capacity}
