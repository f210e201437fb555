-- The chain of hashing.py: h = mix(h + v + gamma) for each number v, modulo 2^64, in bigints, whose
-- sums and products must not overflow: sums go in halves of 32 bits, and a product modulo 2^64 of
-- l + 2^32 u with the constant a + 2^31 b + 2^62 c is l a + 2^31 l b + 2^62 l c + 2^32 u a
-- + 2^63 u b. The result is less 2^63, so that it sorts as the hash does.
CREATE FUNCTION pg_temp.mr_kmeans_hash(h bigint, numbers bigint[]) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $function$
DECLARE
    v bigint; z bigint; l bigint; u bigint; p bigint; q bigint; y bigint;
BEGIN
    FOREACH v IN ARRAY numbers LOOP
        l := (h & 4294967295) + (v & 4294967295) + 2135587861;
        z := (((h >> 32) + (v >> 32) + 2654435769 + (l >> 32)) << 32) | (l & 4294967295);
        z := z # ((z >> 30) & 17179869183);
        l := z & 4294967295;
        u := (z >> 32) & 4294967295;
        p := l * 484763065;
        q := l * 2125500122;
        y := (p & 4294967295) + ((q & 1) << 31);
        z := (((p >> 32) + (q >> 1) + ((l & 1) << 31)
              + (u * 484763065 & 4294967295) + (y >> 32)) << 32)
             | (y & 4294967295);
        z := z # ((z >> 27) & 137438953471);
        l := z & 4294967295;
        u := (z >> 32) & 4294967295;
        p := l * 321982955;
        q := l * 698389366;
        y := (p & 4294967295) + ((q & 1) << 31);
        z := (((p >> 32) + (q >> 1) + ((l & 1) << 31)
              + (u * 321982955 & 4294967295) + (y >> 32)) << 32)
             | (y & 4294967295);
        h := z # ((z >> 31) & 8589934591);
    END LOOP;
    RETURN h # (-9223372036854775807 - 1);
END
$function$
