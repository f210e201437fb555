-- The hash for a seed and a round (hashing.py): one more step, with their number.
seeded AS (
    SELECT *,
           pg_temp.mr_kmeans_hash(row_hash # (-9223372036854775807 - 1),
                                  ARRAY[CAST('{signed_word}' AS bigint)]) AS seeded_hash
    FROM hashed OFFSET 0
)
