-- A unit that is taken out again has a state of its own, where its cause said so. Whatever is not 0 is not seen.

UPDATE tx SET state = 2, cause = '' WHERE state = 1 AND cause = 'taken out';   -- who caused them was written over

DROP INDEX tx_unseen;
CREATE INDEX tx_unseen ON tx (tenant, state, tx, last) WHERE state > 0;
