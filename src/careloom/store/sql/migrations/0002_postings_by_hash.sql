-- The record laid out anew: bodies without what their version says already, resources and the targets of references by
-- one keyed hash so that chains are joins, words, composites, places, compression dictionaries, and units that can be
-- written before they are seen. What each table is for is said in careloom.store.sql.tables.
--
-- What lay in the tables of the first schema is read from those called old_…, written anew by
-- careloom.store.sqlite.rebuilding in the same transaction, and dropped by it.

ALTER TABLE tx RENAME TO old_tx;
ALTER TABLE version RENAME TO old_version;
ALTER TABLE body RENAME TO old_body;
ALTER TABLE change_log RENAME TO old_change_log;

DROP TABLE head;
DROP TABLE tok;
DROP TABLE ref;
DROP TABLE str;
DROP TABLE dat;
DROP TABLE num;
DROP TABLE uri;
DROP INDEX version_by_id;
DROP INDEX version_by_type;

-- One row for each unit of work that wrote: which client caused it, its vids, and whether it is seen.
CREATE TABLE tx (
    tenant INTEGER NOT NULL,
    tx INTEGER NOT NULL,                    -- its first vid
    last INTEGER NOT NULL,                  -- its last vid, or the last of those kept for it
    state INTEGER NOT NULL,                 -- 0: seen, 1: being written in slices and not seen yet
    cause TEXT NOT NULL,
    PRIMARY KEY (tenant, tx)
) WITHOUT ROWID, STRICT;

CREATE INDEX tx_unseen ON tx (tenant, tx, last) WHERE state = 1;

-- The newest version of each resource.
CREATE TABLE head (
    tenant INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    type INTEGER NOT NULL,
    id TEXT NOT NULL,
    vid INTEGER NOT NULL,
    ver INTEGER NOT NULL,
    op INTEGER NOT NULL,                    -- 0 create, 1 update, 2 delete
    PRIMARY KEY (tenant, rid)
) WITHOUT ROWID, STRICT;

-- All versions; an old one is closed by the vid of the one that follows it, and nothing else of it changes.
CREATE TABLE version (
    tenant INTEGER NOT NULL,
    vid INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    type INTEGER NOT NULL,
    ver INTEGER NOT NULL,
    op INTEGER NOT NULL,
    valid_to INTEGER,                       -- null while it is the newest
    shape INTEGER NOT NULL,
    PRIMARY KEY (tenant, vid)
) WITHOUT ROWID, STRICT;

-- Not unique: a unit that is not seen yet may hold a version by the number of one that is.
CREATE INDEX version_by_resource ON version (tenant, rid, ver);
CREATE INDEX version_by_type ON version (tenant, type, vid);
CREATE INDEX version_by_shape ON version (tenant, shape, vid);
CREATE INDEX version_closed ON version (tenant, valid_to) WHERE valid_to IS NOT NULL;

CREATE TABLE body (
    vid INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    dictionary INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- What bodies of a type have in common, for compression. None is ever dropped: bodies name the one they need.
CREATE TABLE dictionary (
    tenant INTEGER NOT NULL,
    id INTEGER NOT NULL,
    type INTEGER NOT NULL,
    bodies INTEGER NOT NULL,                -- how many bodies of the type there were when it was made
    bytes BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;

CREATE TABLE change_log (
    tenant INTEGER NOT NULL,
    position INTEGER NOT NULL,
    vid INTEGER NOT NULL,                   -- the position, too, unless it was written long before it was seen
    previous INTEGER,                       -- ver of the living version before it
    PRIMARY KEY (tenant, position)
) WITHOUT ROWID, STRICT;

CREATE TABLE tok (
    tenant INTEGER NOT NULL,
    h INTEGER NOT NULL,                     -- of type, parameter and code
    vid INTEGER NOT NULL,
    sys INTEGER NOT NULL,                   -- -1: not known, fits any
    PRIMARY KEY (tenant, h, vid, sys)
) WITHOUT ROWID, STRICT;

CREATE TABLE ref (
    tenant INTEGER NOT NULL,
    target INTEGER NOT NULL,                -- hash of Type/id, the rid of what is held here, or of another address
    p INTEGER NOT NULL,
    vid INTEGER NOT NULL,
    PRIMARY KEY (tenant, target, p, vid)
) WITHOUT ROWID, STRICT;

CREATE INDEX ref_by_version ON ref (tenant, vid, p);

CREATE TABLE str (
    tenant INTEGER NOT NULL,
    p INTEGER NOT NULL,
    folded TEXT NOT NULL,
    vid INTEGER NOT NULL,
    exact INTEGER NOT NULL,                 -- hash of the text as it was written; 0: part of a text, not sorted by
    PRIMARY KEY (tenant, p, folded, vid, exact)
) WITHOUT ROWID, STRICT;

CREATE INDEX str_by_version ON str (tenant, vid, p);

CREATE TABLE dat (
    tenant INTEGER NOT NULL,
    p INTEGER NOT NULL,
    low INTEGER NOT NULL,                   -- microseconds since 1970 UTC, from low up to but without high
    high INTEGER NOT NULL,
    vid INTEGER NOT NULL,
    PRIMARY KEY (tenant, p, low, high, vid)
) WITHOUT ROWID, STRICT;

CREATE INDEX dat_by_version ON dat (tenant, vid, p);

-- What lasts longer than a day: few, and the only ones that may still run though they began long ago.
CREATE INDEX dat_long ON dat (tenant, p, high) WHERE high - low > 86400000000;

CREATE TABLE num (
    tenant INTEGER NOT NULL,
    p INTEGER NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    vid INTEGER NOT NULL,
    sys INTEGER NOT NULL,
    code INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    PRIMARY KEY (tenant, p, low, high, vid, sys, code, unit)
) WITHOUT ROWID, STRICT;

CREATE INDEX num_by_version ON num (tenant, vid, p);
CREATE INDEX num_long ON num (tenant, p, high) WHERE high - low > 0.0;

CREATE TABLE uri (
    tenant INTEGER NOT NULL,
    p INTEGER NOT NULL,
    text TEXT NOT NULL,
    vid INTEGER NOT NULL,
    PRIMARY KEY (tenant, p, text, vid)
) WITHOUT ROWID, STRICT;

-- Composites: a row for each combination of the values of their parts.
CREATE TABLE pair (
    tenant INTEGER NOT NULL,
    h INTEGER NOT NULL,                     -- of type, parameter and all that is compared for equality
    low REAL NOT NULL,                      -- of the part that is an interval; 0 without one
    high REAL NOT NULL,
    vid INTEGER NOT NULL,
    PRIMARY KEY (tenant, h, low, high, vid)
) WITHOUT ROWID, STRICT;

-- Places, by squares of the map.
CREATE TABLE geo (
    tenant INTEGER NOT NULL,
    cell INTEGER NOT NULL,
    vid INTEGER NOT NULL,
    latitude REAL NOT NULL,
    longitude REAL NOT NULL,
    PRIMARY KEY (tenant, cell, vid, latitude, longitude)
) WITHOUT ROWID, STRICT;

-- Words of a version, whose vid is the rowid. Neither texts nor positions are kept: what is found is looked at again.
CREATE VIRTUAL TABLE fts USING fts5 (words, content = '', columnsize = 0, detail = none, tokenize = 'ascii');

-- How far the search index knows a parameter as it is now defined.
CREATE TABLE index_state (
    tenant INTEGER NOT NULL,
    type TEXT NOT NULL,
    parameter TEXT NOT NULL,
    fingerprint TEXT NOT NULL,              -- of its definition
    generation INTEGER NOT NULL,            -- counts its definitions; part of what its postings are found by
    state TEXT NOT NULL,                    -- building, ready, dropped
    done_to INTEGER NOT NULL,               -- the vid up to which versions are indexed, while building
    done INTEGER NOT NULL,                  -- how many versions that were
    PRIMARY KEY (tenant, type, parameter)
) WITHOUT ROWID, STRICT;

-- Up to which vid closed versions have lost their index rows; pages of older snapshots cannot be turned any more.
CREATE TABLE pruned (
    tenant INTEGER PRIMARY KEY,
    vid INTEGER NOT NULL
) STRICT;

-- What was erased: never of whom, but enough to prove that it is gone.
CREATE TABLE erasure (
    tenant INTEGER NOT NULL,
    id TEXT NOT NULL,
    subject INTEGER NOT NULL,               -- keyed hash of Patient/id
    begun INTEGER NOT NULL,                 -- microseconds since 1970 UTC
    ended INTEGER,
    resources INTEGER NOT NULL,
    versions INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    digest BLOB NOT NULL,                   -- SHA-256 over the keyed hashes of what was erased, in order
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID, STRICT;
