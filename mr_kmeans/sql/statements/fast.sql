-- One iteration without a join: the distances to all centroids side by side, the first that is the
-- least. PostgreSQL is given OFFSET 0 after a step, so that its planner does not compute the step
-- again for each use.
WITH distances AS (
    SELECT /*each feature*/ i_1 /*end*/,
           /*each cluster*/
           /*each feature joined by +*/ $w_1 * ((x_1 - $m_c_1) * (x_1 - $m_c_1)) /*end*/ AS d_c
           /*end*/
    FROM mr_kmeans_points
    {barrier}
),
nearest AS (
    SELECT *, least(/*each cluster*/ d_c /*end*/) AS distance
    FROM distances
    {barrier}
),
labeled AS (
    SELECT /*each feature*/ i_1 /*end*/,
           CASE distance /*each cluster joined by*/ WHEN d_c THEN {cluster_c} /*end*/ END
               AS cluster_id
    FROM nearest
)
SELECT cluster_id, count(*), /*each feature*/ sum(i_1) /*end*/
FROM labeled
GROUP BY cluster_id
ORDER BY cluster_id
