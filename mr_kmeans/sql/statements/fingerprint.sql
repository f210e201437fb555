-- The sum of the row hashes (each less 2^63).
WITH {hashes}
SELECT sum(row_hash) FROM hashed
