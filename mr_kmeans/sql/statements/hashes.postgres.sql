hashed AS (
    SELECT pg_temp.mr_kmeans_hash(CAST($start AS bigint), ARRAY[/*each feature*/ x_1 /*end*/])
           AS row_hash,
           /*each feature*/ x_1 + 0 AS x_1 /*end*/
    FROM mr_kmeans_points OFFSET 0
)
