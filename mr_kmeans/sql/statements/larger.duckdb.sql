-- A round of a knock-out: of each two scores the larger, (a + b + |a - b|) / 2, many times as fast
-- as greatest(a, b) of FLOATs.
{round} AS (
    SELECT *, /*each cluster*/ ({a_c} + {b_c} + abs({a_c} - {b_c})) * CAST(0.5 AS FLOAT)
           AS {larger_c} /*end*/
    FROM {before}
),
