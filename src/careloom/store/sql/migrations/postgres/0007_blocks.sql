-- Rows of tok kept many in one; careloom.store.postgres.blocks says how.

CREATE TABLE tok_block (
    h bigint NOT NULL,                      -- of type, parameter and code
    vid bigint NOT NULL,                    -- the first version that has it
    tenant integer NOT NULL,
    sys integer NOT NULL,                   -- -1: not known, fits any
    more smallint[]                         -- how far the other versions are behind the first; null: there is none
);

INSERT INTO tok_block (tenant, h, vid, sys, more)
SELECT tenant, h, vids[1], sys, (SELECT array_agg((vid - vids[1])::smallint ORDER BY vid) FROM unnest(vids[2:]) AS vid)
FROM (SELECT tenant, h, sys, array_agg(vid ORDER BY vid) AS vids
      FROM (SELECT *, row_number() OVER (PARTITION BY tenant, h, sys, vid >> 10 ORDER BY vid) / 500 AS part FROM tok) AS t
      GROUP BY tenant, h, sys, vid >> 10, part) AS block
ORDER BY tenant, vids[1] >> 10, h;

DROP TABLE tok;

CREATE INDEX tok_by_value ON tok_block (h, (vid >> 10));

-- The planner is to take it that a value is had by many versions, as those are that searches pass through: else it reads
-- all blocks to put them in order, and not one after the other.
ALTER TABLE tok_block ALTER COLUMN h SET (n_distinct = -0.001);

-- A row for each version.
CREATE VIEW tok AS
SELECT b.tenant, b.h, b.vid + place AS vid, b.sys, b.vid >> 10 AS block
FROM tok_block AS b CROSS JOIN LATERAL unnest('{0}'::smallint[] || b.more) AS place;
