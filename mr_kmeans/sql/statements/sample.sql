-- Distinct rows whose seeded hash (less 2^63) is at most $most, how often they occur, and the sums
-- of their row hashes; one more row, of nulls, is for all others. So the sums of all rows of the
-- answer give the fingerprint.
WITH {hashes},
{seeded},
drawn AS (
    SELECT CASE WHEN seeded_hash <= $most THEN seeded_hash END AS seeded_hash,
           /*each feature*/ CASE WHEN seeded_hash <= $most THEN x_1 END AS x_1 /*end*/,
           row_hash
    FROM seeded
)
SELECT seeded_hash, /*each feature*/ x_1 /*end*/, count(*), sum(row_hash)
FROM drawn
GROUP BY seeded_hash, /*each feature*/ x_1 /*end*/
ORDER BY seeded_hash, /*each feature*/ x_1 /*end*/
