-- Indexes with less in each entry. Whoever finds a value reads its row anyway, to test the rest of it, so the index need
-- not repeat that; and entries of equal keys are kept as one key and a list of where the rows are.

DROP INDEX str_by_value;
DROP INDEX dat_by_value;
DROP INDEX num_by_value;
DROP INDEX pair_by_value;
DROP INDEX version_by_shape;
CREATE INDEX str_by_value ON str (tenant, p, substr(folded, 1, 500));
CREATE INDEX dat_by_value ON dat (tenant, p, low);
CREATE INDEX num_by_value ON num (tenant, p, low);
CREATE INDEX pair_by_value ON pair (h, low);
CREATE INDEX version_by_shape ON version (tenant, shape);

-- What was written together refers to the same again and again: by its block it has the same key.
DROP INDEX ref_by_value;
CREATE INDEX ref_by_value ON ref (target, (vid >> 10));

-- A hash of a resource is of its tenant alone. That there is but one version by a number is seen to by the heads.
DROP INDEX version_by_resource;
CREATE INDEX version_by_resource ON version (rid, ver);

-- What grows at its end only has its pages filled to the brim.
ALTER INDEX version_pkey SET (fillfactor = 100);
