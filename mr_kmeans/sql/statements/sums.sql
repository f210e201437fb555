-- Rows, and of some features the sum and the sum of squares in steps of their grids (moments.sql),
-- exact: |i| < 2^53 is squared as high * 2^27 + low.
SELECT count(*),
       {moments}
FROM mr_kmeans_points
