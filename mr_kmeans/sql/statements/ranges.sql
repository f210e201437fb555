-- How many rows there are, how many can be used and how many hold a value too large to square; of
-- some features the range and the most decimals (range.sql), 99 where no number of decimals will do
-- (DESIGN: Grid).
WITH judged AS (
    SELECT /*each feature*/ v_1 /*end*/,
           (/*each feature joined by AND*/ abs(v_1) <= {limit} /*end*/) IS TRUE AS is_good,
           {is_too_large} AS is_too_large
    FROM mr_kmeans_values
)
SELECT count(*),
       count(*) FILTER (WHERE is_good),
       count(*) FILTER (WHERE is_too_large),
       {ranges}
FROM judged
