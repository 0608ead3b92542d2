-- Fewer rows for each version: whether it is told of stands in the version itself.
--
-- Composites over a whole resource have no rows any more; careloom.store.sql.renewing takes them out in the same
-- transaction.

ALTER TABLE version ADD COLUMN told integer NOT NULL DEFAULT 0;    -- 1: in the change log, its vid being the position

-- What many versions are found by alike lies in the postings once, under the number of a frame in the place of a vid.
ALTER TABLE version ADD COLUMN frame integer NOT NULL DEFAULT 0;   -- 0: none
CREATE INDEX version_by_frame ON version (tenant, frame, vid) WHERE frame > 0;

UPDATE version SET told = 1 FROM change_log AS c
WHERE c.tenant = version.tenant AND c.position = version.vid AND c.vid = version.vid;

DELETE FROM change_log WHERE position = vid;
ALTER TABLE change_log DROP COLUMN previous;

-- The newest transaction of each process that writes: whoever lost the answer to a COMMIT finds here whether it was made.
CREATE TABLE writer (
    tenant integer NOT NULL,
    name text COLLATE "C" NOT NULL,         -- of the process, made up when it begins
    serial bigint NOT NULL,
    at bigint NOT NULL,                     -- microseconds since 1970 UTC, by the clock of the database
    PRIMARY KEY (tenant, name)
) WITH (fillfactor = 50);

-- Indexes without what finds nothing: a hash is of its tenant alone, and of a version there are few rows, so the rest is
-- looked at in the rows.
DROP INDEX tok_by_value;
CREATE INDEX tok_by_value ON tok (h, vid);

DROP INDEX ref_by_value;
DROP INDEX ref_by_version;
CREATE INDEX ref_by_value ON ref (target, vid);
CREATE INDEX ref_by_version ON ref (vid);

DROP INDEX str_by_version;
DROP INDEX dat_by_version;
DROP INDEX num_by_version;
CREATE INDEX str_by_version ON str (vid);
CREATE INDEX dat_by_version ON dat (vid);
CREATE INDEX num_by_version ON num (vid);
