-- The hash for a seed and a round (hashing.py): one more step, with their number.
seeded AS (
    SELECT *,
           (list_reduce([(row_hash::HUGEINT + 9223372036854775808)::UBIGINT, {word}::UBIGINT],
                        {mix})::HUGEINT - 9223372036854775808)::BIGINT AS seeded_hash
    FROM hashed
)
