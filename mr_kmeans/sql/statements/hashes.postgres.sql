hashed AS (
    SELECT pg_temp.mr_kmeans_hash(
               CAST('{signed_start}' AS bigint),
               ARRAY[/*each feature*/
                   CAST(CAST('x' || encode(float8send(x_1 + 0), 'hex') AS bit(64)) AS bigint)
               /*end*/]) AS row_hash,
           /*each feature*/ x_1 + 0 AS x_1 /*end*/
    FROM mr_kmeans_points OFFSET 0
)
