-- The sum of the row hashes (each less 2^63) of the seed and round in $start.
WITH {hashes}
SELECT sum(row_hash) FROM hashed
