-- Fewer rows for each version: whether it is told of stands in the version itself, and of the versions of a resource the
-- newest is found through its head, the others through an index of their own.
--
-- Composites over a whole resource have no rows any more, and dates are no words; careloom.store.sqlite.rebuilding makes
-- the rows of both anew in the same transaction.

ALTER TABLE version ADD COLUMN told INTEGER NOT NULL DEFAULT 0;    -- 1: in the change log, its vid being the position

-- What many versions are found by alike lies in the postings once, under the number of a frame in the place of a vid.
ALTER TABLE version ADD COLUMN frame INTEGER NOT NULL DEFAULT 0;   -- 0: none
CREATE INDEX version_by_frame ON version (tenant, frame, vid) WHERE frame > 0;

UPDATE version SET told = 1
WHERE EXISTS (SELECT 1 FROM change_log AS c
              WHERE c.tenant = version.tenant AND c.position = version.vid AND c.vid = version.vid);

DELETE FROM change_log WHERE position = vid;
ALTER TABLE change_log DROP COLUMN previous;

DROP INDEX version_by_resource;
CREATE INDEX version_superseded ON version (tenant, rid, ver) WHERE valid_to IS NOT NULL;
