-- The first rows that cannot be used, for the ledger.
SELECT /*each feature*/ v_1 /*end*/
FROM mr_kmeans_values
WHERE (/*each feature joined by AND*/ abs(v_1) <= {limit} /*end*/) IS NOT TRUE
ORDER BY /*each feature*/ v_1 /*end*/
LIMIT {most}
