-- The distance of each row to its nearest centroid.
measured AS (
    SELECT seeded_hash, /*each feature*/ x_1 /*end*/,
           least(/*each cluster*/
               /*each feature joined by +*/ $w_1 * ((x_1 - $m_c_1) * (x_1 - $m_c_1)) /*end*/
           /*end*/, {most}) AS distance
    FROM seeded
)
