-- Distinct rows of the smallest hashes (each less 2^63), and how often they occur.
WITH {hashes}
SELECT row_hash, /*each feature*/ x_1 /*end*/, count(*)
FROM hashed
WHERE row_hash <= $most
GROUP BY row_hash, /*each feature*/ x_1 /*end*/
ORDER BY row_hash, /*each feature*/ x_1 /*end*/
LIMIT $capacity
