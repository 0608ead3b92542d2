-- One code system. The file is written once and then only read.

CREATE TABLE code_system (
    url TEXT NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    is_complete INTEGER NOT NULL,
    is_case_sensitive INTEGER NOT NULL,
    property_codes TEXT NOT NULL,        -- JSON array
    concepts INTEGER NOT NULL
) STRICT;

-- What every question needs, found by one descent of one tree.
--
-- key:       the code, in lower case where case does not matter
-- number:    what is above has the smaller number
-- code:      as written, where that is not the key
-- parents:   codes, separated by line feeds
-- status:    1 inactive, 2 abstract, 3 both
CREATE TABLE concept (
    key TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    code TEXT,
    display TEXT NOT NULL,
    parents TEXT NOT NULL,
    status INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What some questions need.
--
-- ancestors: numbers of all concepts above, sorted, four bytes each, little endian
-- detail:    definition, designation and property as in CodeSystem.concept, JSON
CREATE TABLE more (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    ancestors BLOB NOT NULL,
    detail BLOB NOT NULL
) STRICT;

-- The edges of the hierarchy, to walk downward.
CREATE TABLE edge (
    parent INTEGER NOT NULL,
    child INTEGER NOT NULL,
    PRIMARY KEY (parent, child)
) STRICT, WITHOUT ROWID;
