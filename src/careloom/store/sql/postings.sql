-- name: tok
-- Codes, identifiers and flags.
INSERT OR IGNORE INTO tok (tenant, h, vid, sys) VALUES (?, ?, ?, ?);

-- name: ref
-- Targets of references.
INSERT OR IGNORE INTO ref (tenant, h, vid) VALUES (?, ?, ?);

-- name: str
-- Names, addresses and other texts.
INSERT OR IGNORE INTO str (tenant, p, folded, vid, exact) VALUES (?, ?, ?, ?, ?);

-- name: dat
-- Dates, instants and periods.
INSERT OR IGNORE INTO dat (tenant, p, low, high, vid) VALUES (?, ?, ?, ?, ?);

-- name: num
-- Numbers and quantities.
INSERT OR IGNORE INTO num (tenant, p, low, high, vid, sys, code, unit) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: uri
-- URIs, compared as they stand.
INSERT OR IGNORE INTO uri (tenant, p, text, vid) VALUES (?, ?, ?, ?);
