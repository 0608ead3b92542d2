-- Units that are not seen yet are looked for by every search: without the state in its key SQLite passes over this index
-- and reads all units there ever were.

DROP INDEX tx_unseen;
CREATE INDEX tx_unseen ON tx (tenant, state, tx, last) WHERE state = 1;
