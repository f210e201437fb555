-- `hashes` for many features: one expression over the list of a row's bits, as a chain of selects
-- per feature is too deep for DuckDB. Slower per value, since each step of mix() is there twice in
-- the next one.
hashed AS (
    SELECT (list_reduce(
               list_prepend({start}::UBIGINT,
                            [/*each feature*/ (x_1 + 0e0)::BIT::UBIGINT /*end*/]),
               {mix})::HUGEINT - 9223372036854775808)::BIGINT AS row_hash,
           /*each feature*/ x_1 + 0e0 AS x_1 /*end*/
    FROM mr_kmeans_points
)
