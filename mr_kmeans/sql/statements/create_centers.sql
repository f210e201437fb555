-- The centroid table: k rows per iteration; iteration 0 is the start, its counts 0.
CREATE {kind} {centers} (
    iteration integer NOT NULL,
    cluster_id integer NOT NULL,
    "count" bigint NOT NULL,
    /*each feature*/ {column_1} float8 NOT NULL /*end*/
)
