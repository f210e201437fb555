-- hashing.py: h = mix(h + bits(x) + gamma) for each feature, modulo 2^64.
h_0 AS (
    SELECT {start}::UBIGINT AS h,
           [/*each feature*/ (x_1 + 0e0)::BIT::UBIGINT /*end*/] AS bits,
           [/*each feature*/ x_1 + 0e0 /*end*/] AS x
    FROM mr_kmeans_points
),
/*each feature*/
s_1 AS (
    SELECT ((h::UHUGEINT + bits[/*number*/1] + 11400714819323198485)
            & 18446744073709551615)::UBIGINT
           AS h, bits, x FROM h_0
),
t_1 AS (
    SELECT (xor(h, h >> 30)::UHUGEINT * 13787848793156543929 & 18446744073709551615)::UBIGINT
           AS h, bits, x FROM s_1
),
u_1 AS (
    SELECT (xor(h, h >> 27)::UHUGEINT * 10723151780598845931 & 18446744073709551615)::UBIGINT
           AS h, bits, x FROM t_1
),
h_1 AS (
    SELECT xor(h, h >> 31) AS h, bits, x FROM u_1
)
/*end*/,
hashed AS (
    SELECT (h::HUGEINT - 9223372036854775808)::BIGINT AS row_hash,
           /*each feature*/ x[/*number*/1] AS x_1 /*end*/
    FROM h_{d}
)
