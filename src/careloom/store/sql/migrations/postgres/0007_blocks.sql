-- Rows of tok and fts kept many in one; careloom.store.postgres.blocks says how.

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

-- A row for each version.
CREATE VIEW tok AS
SELECT b.tenant, b.h, b.vid + place AS vid, b.sys, b.vid >> 10 AS block
FROM tok_block AS b CROSS JOIN LATERAL unnest('{0}'::smallint[] || b.more) AS place;

CREATE TABLE fts_block (
    vid bigint NOT NULL,                    -- the first version that has these words
    tenant integer NOT NULL,
    words tsvector NOT NULL,
    more smallint[]
);

INSERT INTO fts_block (tenant, vid, words, more)
SELECT tenant, vids[1], words, (SELECT array_agg((vid - vids[1])::smallint ORDER BY vid) FROM unnest(vids[2:]) AS vid)
FROM (SELECT tenant, words, array_agg(vid ORDER BY vid) AS vids
      FROM (SELECT *, row_number() OVER (PARTITION BY tenant, words, vid >> 10 ORDER BY vid) / 500 AS part FROM fts) AS t
      GROUP BY tenant, words, vid >> 10, part) AS block
ORDER BY tenant, vids[1];

DROP TABLE fts;

-- So many kilobytes of words wait to be put into the index: the room that they once took there is never given back.
CREATE INDEX fts_by_word ON fts_block USING gin (words) WITH (gin_pending_list_limit = 256);
CREATE INDEX fts_by_version ON fts_block ((vid >> 10));

CREATE VIEW fts AS
SELECT b.vid + place AS vid, b.tenant, b.words
FROM fts_block AS b CROSS JOIN LATERAL unnest('{0}'::smallint[] || b.more) AS place;
