-- Whether a row holds a value too large to square. (A CASE per value: for 2,000 values DuckDB plans
-- ANDs in a list 9 times longer.)
(/*each feature joined by OR*/ CASE WHEN v_1 <> {nan} THEN abs(v_1) > {limit} END /*end*/) IS TRUE
