-- name: tenant
-- Number and secret of a tenant.
SELECT tenant, secret FROM tenant WHERE name = :name;

-- name: add_tenant
-- A tenant's first opening of the file.
INSERT INTO tenant (name, secret) VALUES (:name, :secret);

-- name: find_name
-- The number that stands for a text.
SELECT id FROM name WHERE tenant = :tenant AND text = :text;

-- name: add_name
-- The next number for a new text; 0 is kept for the empty one.
INSERT INTO name (tenant, id, text)
SELECT :tenant, coalesce(max(id), 0) + 1, :text FROM name WHERE tenant = :tenant
RETURNING id;

-- name: text_of_name
-- The text that a number stands for.
SELECT text FROM name WHERE tenant = :tenant AND id = :id;

-- name: last_vid
-- The newest version of any tenant: where the sequence goes on, and the snapshot of a search.
SELECT coalesce(max(newest), 0)
FROM (SELECT (SELECT max(vid) FROM version WHERE version.tenant = tenant.tenant) AS newest FROM tenant);

-- name: head
-- The newest version of a resource, without its body.
SELECT ver, vid, op FROM head WHERE tenant = :tenant AND type = :type AND id = :id;

-- name: read
-- The newest version of a resource, with its body.
SELECT head.id, head.ver, head.op, head.vid, body.dictionary, body.bytes
FROM head LEFT JOIN body ON body.vid = head.vid
WHERE head.tenant = :tenant AND head.type = :type AND head.id = :id;

-- name: vread
-- One version of a resource, with its body.
SELECT version.id, version.ver, version.op, version.vid, body.dictionary, body.bytes
FROM version LEFT JOIN body ON body.vid = version.vid
WHERE version.tenant = :tenant AND version.type = :type AND version.id = :id AND version.ver = :ver;

-- name: read_as_of
-- The version of a resource that was the newest at a snapshot, with its body, unless it was gone.
SELECT version.id, version.ver, version.op, version.vid, body.dictionary, body.bytes
FROM version JOIN body ON body.vid = version.vid
WHERE version.tenant = :tenant AND version.type = :type AND version.id = :id
  AND version.vid <= :snapshot AND (version.valid_to IS NULL OR version.valid_to > :snapshot);

-- name: body
-- The content of a version, with what a version needs beside it.
SELECT version.id, version.ver, version.op, version.vid, body.dictionary, body.bytes
FROM version JOIN body ON body.vid = version.vid
WHERE version.tenant = :tenant AND version.vid = :vid;

-- name: put_head
-- Point a resource at its newest version.
INSERT INTO head (tenant, type, id, vid, ver, op) VALUES (:tenant, :type, :id, :vid, :ver, :op)
ON CONFLICT (tenant, type, id) DO UPDATE SET vid = excluded.vid, ver = excluded.ver, op = excluded.op;

-- name: close_version
-- End a version with the one that follows it.
UPDATE version SET valid_to = :vid WHERE tenant = :tenant AND vid = :closed;

-- name: add_version
-- A new version, open until the next.
INSERT INTO version (tenant, vid, type, id, ver, op, tx, present)
VALUES (:tenant, :vid, :type, :id, :ver, :op, :tx, :present);

-- name: add_body
-- The content of a new version.
INSERT INTO body (vid, tenant, dictionary, bytes) VALUES (:vid, :tenant, :dictionary, :bytes);

-- name: add_change
-- The row of the change log that tells of a version.
INSERT INTO change_log (tenant, vid, previous) VALUES (:tenant, :vid, :previous);

-- name: add_tx
-- Who caused a unit of work.
INSERT INTO tx (tenant, tx, cause) VALUES (:tenant, :tx, :cause);

-- name: changes
-- The change log after a position.
SELECT log.vid, version.type, version.id, version.ver, version.op, log.previous, tx.cause
FROM change_log AS log
JOIN version ON version.tenant = log.tenant AND version.vid = log.vid
JOIN tx ON tx.tenant = log.tenant AND tx.tx = version.tx
WHERE log.tenant = :tenant AND log.vid > :after
ORDER BY log.vid LIMIT :limit;

-- name: forget_expired
-- Drop the keys whose time is over.
DELETE FROM once WHERE tenant = :tenant AND until <= :now;

-- name: once
-- Remember a key unless it is known.
INSERT INTO once (tenant, scope, key, until) VALUES (:tenant, :scope, :key, :until) ON CONFLICT DO NOTHING;
