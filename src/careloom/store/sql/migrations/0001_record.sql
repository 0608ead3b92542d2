-- The record, its search index, and what notify keeps.
--
-- Every key begins with the tenant; the one key without it, that of `body`, is a sequence, which is unique in the file.
-- A `vid` (version id) is the sequence of a version: microseconds since 1970 shifted by ten bits, and a counter. Read
-- backwards, every index that ends in it is newest first, and a snapshot is "no vid over this one".
-- Numbers in the columns type, p, sys, code and unit stand for texts in `name`; 0 for the empty text.
-- Columns called h hold 64 bits of a keyed hash, see careloom.store.hashing.

CREATE TABLE migration (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied TEXT NOT NULL
) STRICT;

CREATE TABLE tenant (
    tenant INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    secret BLOB NOT NULL                    -- keys for hashes and page tokens are derived from it
) STRICT;

CREATE TABLE name (
    tenant INTEGER NOT NULL,
    id INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX name_by_text ON name (tenant, text);

-- One row for each unit of work that wrote: which client caused it.
CREATE TABLE tx (
    tenant INTEGER NOT NULL,
    tx INTEGER NOT NULL,                    -- its first vid
    cause TEXT NOT NULL,
    PRIMARY KEY (tenant, tx)
) WITHOUT ROWID, STRICT;

-- The newest version of each resource.
CREATE TABLE head (
    tenant INTEGER NOT NULL,
    type INTEGER NOT NULL,
    id TEXT NOT NULL,
    vid INTEGER NOT NULL,
    ver INTEGER NOT NULL,
    op INTEGER NOT NULL,                    -- 0 create, 1 update, 2 delete
    PRIMARY KEY (tenant, type, id)
) WITHOUT ROWID, STRICT;

-- All versions; an old one is closed by the vid of the one that follows it, and nothing else of it changes.
CREATE TABLE version (
    tenant INTEGER NOT NULL,
    vid INTEGER NOT NULL,
    type INTEGER NOT NULL,
    id TEXT NOT NULL,
    ver INTEGER NOT NULL,
    op INTEGER NOT NULL,
    valid_to INTEGER,                       -- null while it is the newest
    tx INTEGER NOT NULL,
    present TEXT NOT NULL,                  -- for :missing: ',3,17,' lists the p of parameters it has elements for
    PRIMARY KEY (tenant, vid)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX version_by_id ON version (tenant, type, id, ver);
CREATE INDEX version_by_type ON version (tenant, type, vid);

-- Content, apart so that the scans of a search pass small rows only.
CREATE TABLE body (
    vid INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    dictionary INTEGER NOT NULL,            -- compression dictionary; 0: none
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE change_log (
    tenant INTEGER NOT NULL,
    vid INTEGER NOT NULL,
    previous INTEGER,                       -- ver of the living version before it
    PRIMARY KEY (tenant, vid)
) WITHOUT ROWID, STRICT;

-- Postings: a B-tree for each family of values, from a value to the versions that have it. Families in which one looks
-- for a range have a second one from the version to its values, which grows at its end only: to test a candidate found
-- by something else, and to sort.
CREATE TABLE tok (
    tenant INTEGER NOT NULL,
    h INTEGER NOT NULL,                     -- of type, parameter and code; or of type, parameter and system alone
    vid INTEGER NOT NULL,
    sys INTEGER NOT NULL,                   -- -1: not known, fits any
    PRIMARY KEY (tenant, h, vid, sys)
) WITHOUT ROWID, STRICT;

CREATE TABLE ref (
    tenant INTEGER NOT NULL,
    h INTEGER NOT NULL,                     -- of type, parameter and target
    vid INTEGER NOT NULL,
    PRIMARY KEY (tenant, h, vid)
) WITHOUT ROWID, STRICT;

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

-- Numbers and quantities.
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

-- Keys seen once, until they expire: token ids, webhook ids.
CREATE TABLE once (
    tenant INTEGER NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    until INTEGER NOT NULL,                 -- microseconds since 1970 UTC
    PRIMARY KEY (tenant, scope, key)
) WITHOUT ROWID, STRICT;

CREATE INDEX once_by_expiry ON once (tenant, until);

-- How far the change log is matched against subscriptions.
CREATE TABLE matched (
    tenant INTEGER PRIMARY KEY,
    vid INTEGER NOT NULL
) STRICT;

CREATE TABLE subscription_event (
    tenant INTEGER NOT NULL,
    subscription TEXT NOT NULL,
    number INTEGER NOT NULL,                -- 1, 2, 3 … without a gap
    vid INTEGER NOT NULL,                   -- the change
    topic TEXT NOT NULL,
    focus TEXT NOT NULL,
    version_id TEXT NOT NULL,
    recorded INTEGER NOT NULL,
    PRIMARY KEY (tenant, subscription, number)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX subscription_event_by_change ON subscription_event (tenant, subscription, vid);

CREATE TABLE cursor (
    tenant INTEGER NOT NULL,
    subscription TEXT NOT NULL,
    delivered_to INTEGER NOT NULL,
    inflight_from INTEGER NOT NULL,
    inflight_to INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    next_at INTEGER,
    status TEXT NOT NULL,
    failing_since INTEGER,
    last_sent INTEGER,
    error TEXT NOT NULL,
    PRIMARY KEY (tenant, subscription)
) WITHOUT ROWID, STRICT;

CREATE TABLE attempt (
    tenant INTEGER NOT NULL,
    subscription TEXT NOT NULL,
    serial INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    started INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    code INTEGER NOT NULL,
    body_hash TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (tenant, subscription, serial)
) WITHOUT ROWID, STRICT;
