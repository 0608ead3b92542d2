-- Who may do what only one process may, and until when.
CREATE TABLE lease (
    tenant INTEGER NOT NULL,
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    fence INTEGER NOT NULL,                 -- grows each time the lease changes hands
    until INTEGER NOT NULL,                 -- microseconds since 1970 UTC, by the clock of the database
    PRIMARY KEY (tenant, name)
) WITHOUT ROWID, STRICT;
