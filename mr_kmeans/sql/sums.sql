-- Rows, and of each feature the sum and the sum of squares in steps of its grid, exact: |i| < 2^53 is squared as high * 2^27 + low.
SELECT count(*),
       /*each feature*/
       sum(i_1),
       sum((abs(i_1) >> 27) * (abs(i_1) >> 27)),
       sum((abs(i_1) >> 27) * (abs(i_1) & 134217727)),
       sum((abs(i_1) & 134217727) * (abs(i_1) & 134217727))
       /*end*/
FROM mr_kmeans_points
