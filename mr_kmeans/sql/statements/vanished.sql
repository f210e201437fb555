-- Values that are not 0, but are on their grid.
SELECT /*each feature joined by +*/ count(*) FILTER (WHERE {vanishes_1}) /*end*/
FROM mr_kmeans_values
WHERE /*each feature joined by AND*/ abs(v_1) <= {limit} /*end*/
