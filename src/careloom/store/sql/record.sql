-- name: tenant
-- Number and secret of a tenant.
SELECT tenant, secret FROM tenant WHERE name = :name;

-- name: add_tenant
-- A tenant's first opening of the database.
INSERT INTO tenant (name, secret) VALUES (:name, :secret);

-- name: find_name
-- The number that stands for a text; where the index holds the beginnings of texts only, by that.
SELECT id FROM name WHERE tenant = :tenant AND text = :text AND substr(text, 1, 500) = substr(:text, 1, 500);

-- name: add_name
-- The next number for a new text; 0 is kept for the empty one.
INSERT INTO name (tenant, id, text)
SELECT :tenant, coalesce(max(id), 0) + 1, :text FROM name WHERE tenant = :tenant
RETURNING id;

-- name: text_of_name
-- The text that a number stands for.
SELECT text FROM name WHERE tenant = :tenant AND id = :id;

-- name: last_vid
-- The newest version of any tenant, or the last vid kept for one: where the sequence goes on.
SELECT coalesce(max(newest), 0)
FROM (SELECT (SELECT max(vid) FROM version WHERE version.tenant = tenant.tenant) AS newest FROM tenant
      UNION ALL
      SELECT (SELECT last FROM tx WHERE tx.tenant = tenant.tenant ORDER BY tx DESC LIMIT 1) FROM tenant) AS ends;

-- name: now
-- The snapshot of a search: the newest version of a tenant, with no last vid, and the ends of units that are being
-- written in slices.
SELECT coalesce(max(vid), 0), NULL FROM version WHERE tenant = :tenant
UNION ALL SELECT tx, last FROM tx WHERE tenant = :tenant AND state > 0;

-- name: unseen
-- The vids of units that are being written in slices, or taken out again; in the order of their index.
SELECT tx, last FROM tx WHERE tenant = :tenant AND state > 0 ORDER BY state, tx;

-- name: unit_end
-- The last vid of the newest unit that had begun by a vid.
SELECT last FROM tx WHERE tenant = :tenant AND tx <= :vid ORDER BY tx DESC LIMIT 1;

-- name: head
-- The newest version of a resource, without its body.
SELECT id, ver, op, vid FROM head WHERE tenant = :tenant AND rid = :rid;

-- name: read
-- The newest version of a resource, with its body.
SELECT head.id, head.ver, head.op, head.vid, body.dictionary, body.bytes
FROM head LEFT JOIN body ON body.tenant = head.tenant AND body.vid = head.vid
WHERE head.tenant = :tenant AND head.rid = :rid;

-- name: read_many
-- The newest versions of several resources, with their bodies: as `read`, for any number of values.
SELECT head.rid, head.id, head.ver, head.op, head.vid, body.dictionary, body.bytes
FROM head LEFT JOIN body ON body.tenant = head.tenant AND body.vid = head.vid
WHERE head.tenant = ? AND head.rid IN (?);

-- name: newest_under
-- The newest versions that tokens lie under, with their types and bodies: tenant, any number of hashes. Versions that
-- are not the newest any more lie there, too.
SELECT version.type, head.id, head.ver, head.op, head.vid, body.dictionary, body.bytes
FROM (SELECT DISTINCT tenant, vid FROM tok WHERE tenant = ? AND h IN (?)) AS lying
JOIN version ON version.tenant = lying.tenant AND version.vid = lying.vid
JOIN head ON head.tenant = version.tenant AND head.rid = version.rid AND head.vid = version.vid
JOIN body ON body.tenant = version.tenant AND body.vid = version.vid;

-- name: vread
-- One version of a resource, with its body.
SELECT head.id, version.ver, version.op, version.vid, body.dictionary, body.bytes
FROM version JOIN head ON head.tenant = version.tenant AND head.rid = version.rid
LEFT JOIN body ON body.tenant = version.tenant AND body.vid = version.vid
WHERE version.tenant = :tenant AND version.rid = :rid AND version.ver = :ver
  AND version.vid IN (SELECT vid FROM head WHERE tenant = :tenant AND rid = :rid
                      UNION ALL
                      SELECT vid FROM version WHERE tenant = :tenant AND rid = :rid AND valid_to IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM tx WHERE tx.tenant = version.tenant AND tx.state > 0
                  AND tx.tx <= version.vid AND tx.last >= version.vid);

-- name: body
-- The content of a version, with what a version needs beside it.
SELECT head.id, version.ver, version.op, version.vid, body.dictionary, body.bytes
FROM version JOIN head ON head.tenant = version.tenant AND head.rid = version.rid
JOIN body ON body.tenant = version.tenant AND body.vid = version.vid
WHERE version.tenant = :tenant AND version.vid = :vid;

-- name: put_head
-- Point a resource at its newest version: tenant, rid, type, id, vid, ver, op.
INSERT INTO head (tenant, rid, type, id, vid, ver, op) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, rid) DO UPDATE SET vid = excluded.vid, ver = excluded.ver, op = excluded.op;

-- name: add_head
-- The same of a resource that has none: tenant, rid, type, id, vid, ver, op.
INSERT INTO head (tenant, rid, type, id, vid, ver, op) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: close_version
-- End a version with the one that follows it: vid of that one, tenant, vid.
UPDATE version SET valid_to = ? WHERE tenant = ? AND vid = ?;

-- name: add_tx
-- Who caused a unit of work, and its vids.
INSERT INTO tx (tenant, tx, last, state, cause) VALUES (:tenant, :tx, :last, :state, :cause);

-- name: add_units
-- The same of units that are seen at once: tenant, first vid, last vid, cause.
INSERT INTO tx (tenant, tx, last, state, cause) VALUES (?, ?, ?, 0, ?);

-- name: unseen_unit
-- Whether a unit is still to be seen, and nobody takes it out.
SELECT 1 FROM tx WHERE tenant = :tenant AND tx = :tx AND state = 1;

-- name: give_up_tx
-- Say of a unit that it will never be seen, so that nobody goes on with it.
UPDATE tx SET state = 2 WHERE tenant = :tenant AND tx = :tx AND state > 0;

-- name: show_tx
-- Let a unit that was written in slices be seen.
UPDATE tx SET state = 0 WHERE tenant = :tenant AND tx = :tx;

-- name: drop_tx
-- Forget a unit of which nothing is left.
DELETE FROM tx WHERE tenant = :tenant AND tx = :tx;

-- name: changed_since
-- The resources that were written after a vid.
SELECT DISTINCT rid FROM version WHERE tenant = :tenant AND vid > :vid;

-- name: versions_within
-- The first versions within a range of vids.
SELECT vid FROM version WHERE tenant = :tenant AND vid BETWEEN :first AND :last ORDER BY vid LIMIT :limit;

-- name: changes
-- The change log after a position.
SELECT known.position, version.type, head.id, version.ver, version.op,
       CASE WHEN version.op = 0 THEN NULL ELSE version.ver - 1 END, version.vid,
       (SELECT tx.cause FROM tx WHERE tx.tenant = known.tenant AND tx.tx <= known.vid ORDER BY tx.tx DESC LIMIT 1)
FROM (SELECT tenant, vid AS position, vid FROM version WHERE tenant = :tenant AND vid > :after AND told = 1
      UNION ALL
      SELECT tenant, position, vid FROM change_log WHERE tenant = :tenant AND position > :after
      ORDER BY position LIMIT :limit) AS known
JOIN version ON version.tenant = known.tenant AND version.vid = known.vid
JOIN head ON head.tenant = version.tenant AND head.rid = version.rid
ORDER BY known.position;

-- name: changes_of
-- The change log after a position: of as many rows those of some types, and the last, whatever it is of, each with the
-- count of all of them. Types of which no number is known (yet) are looked for by their names.
WITH known AS (SELECT tenant, vid AS position, vid FROM version WHERE tenant = :tenant AND vid > :after AND told = 1
               UNION ALL
               SELECT tenant, position, vid FROM change_log WHERE tenant = :tenant AND position > :after
               ORDER BY position LIMIT :limit)
SELECT known.position, version.type, head.id, version.ver, version.op,
       CASE WHEN version.op = 0 THEN NULL ELSE version.ver - 1 END, version.vid,
       (SELECT tx.cause FROM tx WHERE tx.tenant = known.tenant AND tx.tx <= known.vid ORDER BY tx.tx DESC LIMIT 1),
       (SELECT count(*) FROM known)
FROM known
JOIN version ON version.tenant = known.tenant AND version.vid = known.vid
JOIN head ON head.tenant = version.tenant AND head.rid = version.rid
WHERE version.type IN (:numbers)
   OR version.type IN (SELECT name.id FROM name
                       WHERE name.tenant = :tenant AND name.text IN (:texts)
                         AND substr(name.text, 1, 500) IN (:texts))
   OR known.position = (SELECT max(known.position) FROM known)
ORDER BY known.position;

-- name: dictionaries
-- The compression dictionaries, oldest first.
SELECT id, type, bytes FROM dictionary WHERE tenant = :tenant ORDER BY id;

-- name: newest_bodies
-- The newest bodies of a type, to learn from, each with its resource.
SELECT version.rid, body.dictionary, body.bytes
FROM version JOIN body ON body.tenant = version.tenant AND body.vid = version.vid
WHERE version.tenant = :tenant AND version.type = :type ORDER BY version.vid DESC LIMIT :limit;

-- name: plain_bodies
-- Bodies of a type in the order of their vids, each with its dictionary.
SELECT body.vid, body.dictionary, body.bytes
FROM version JOIN body ON body.tenant = version.tenant AND body.vid = version.vid
WHERE version.tenant = :tenant AND version.type = :type AND version.vid > :after ORDER BY version.vid LIMIT :limit;

-- name: repack_body
-- The same content, packed otherwise: dictionary, bytes, tenant, vid.
UPDATE body SET dictionary = ?, bytes = ? WHERE tenant = ? AND vid = ?;

-- name: dictionary
-- One of them.
SELECT bytes FROM dictionary WHERE tenant = :tenant AND id = :id;

-- name: add_dictionary
-- The next of them.
INSERT INTO dictionary (tenant, id, type, bodies, bytes)
SELECT :tenant, coalesce(max(id), 0) + 1, :type, :bodies, :bytes FROM dictionary WHERE tenant = :tenant
RETURNING id;

-- name: pruned
-- Up to which vid closed versions have lost their index rows.
SELECT vid FROM pruned WHERE tenant = :tenant;

-- name: move_pruned
-- Move that on.
INSERT INTO pruned (tenant, vid) VALUES (:tenant, :vid)
ON CONFLICT (tenant) DO UPDATE SET vid = excluded.vid WHERE pruned.vid < excluded.vid;

-- name: closed_within
-- Versions that were closed within a range of vids, in the order in which they were.
SELECT vid, valid_to FROM version
WHERE tenant = :tenant AND valid_to > :after AND valid_to <= :horizon ORDER BY valid_to LIMIT :limit;

-- name: forget_expired
-- Drop the keys whose time is over.
DELETE FROM once WHERE tenant = :tenant AND until <= :now;

-- name: once
-- Remember a key unless it is known.
INSERT INTO once (tenant, scope, key, until) VALUES (:tenant, :scope, :key, :until) ON CONFLICT DO NOTHING;

-- name: remember
-- Remember a key that is new, or whose time was over.
INSERT INTO once (tenant, scope, key, until) VALUES (?, ?, ?, ?)
ON CONFLICT (tenant, scope, key) DO UPDATE SET until = excluded.until;

-- name: seen
-- Which of several keys there are, and until when: tenant, scope, and any number of keys.
SELECT key, until FROM once WHERE tenant = ? AND scope = ? AND key IN (?);

-- name: index_states
-- What the index knows of the parameters.
SELECT type, parameter, fingerprint, generation, state, done_to FROM index_state
WHERE tenant = :tenant ORDER BY type, parameter;

-- name: describe_index
-- Say what the index knows of a parameter, unless something is said already: all columns in order.
INSERT INTO index_state (tenant, type, parameter, fingerprint, generation, state, done_to, done)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING;

-- name: put_index_state
-- The same, whatever is said already.
INSERT INTO index_state (tenant, type, parameter, fingerprint, generation, state, done_to, done)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant, type, parameter) DO UPDATE SET fingerprint = excluded.fingerprint,
generation = excluded.generation, state = excluded.state, done_to = excluded.done_to, done = excluded.done;

-- name: version_of_type
-- Whether there is any version of a type.
SELECT 1 FROM version WHERE tenant = :tenant AND type = :type LIMIT 1;

-- name: newest_of_type
-- The newest vid of a type.
SELECT vid FROM version WHERE tenant = :tenant AND type = :type ORDER BY vid DESC LIMIT 1;

-- name: living_of_type
-- All living resources of a type, in the order in which they were written, for types of which there are few.
SELECT head.id, version.ver, version.op, version.vid, body.dictionary, body.bytes
FROM version JOIN head ON head.tenant = version.tenant AND head.rid = version.rid AND head.vid = version.vid
JOIN body ON body.tenant = version.tenant AND body.vid = version.vid
WHERE version.tenant = :tenant AND version.type = :type AND version.valid_to IS NULL AND version.op <> 2
ORDER BY version.vid;

-- name: index_building
-- What is left to be indexed.
SELECT type, parameter, fingerprint, done_to FROM index_state
WHERE tenant = :tenant AND state = 'building' ORDER BY type, parameter;

-- name: versions_to_index
-- The next versions of a type that have index rows, with their bodies.
SELECT version.vid, version.shape, body.dictionary, body.bytes
FROM version JOIN body ON body.tenant = version.tenant AND body.vid = version.vid
WHERE version.tenant = :tenant AND version.type = :type AND version.vid > :after
  AND (version.valid_to IS NULL OR version.valid_to > :pruned)
ORDER BY version.vid LIMIT :limit;

-- name: all_to_index
-- The same whatever their type.
SELECT version.vid, version.shape, body.dictionary, body.bytes
FROM version JOIN body ON body.tenant = version.tenant AND body.vid = version.vid
WHERE version.tenant = :tenant AND version.vid > :after
  AND (version.valid_to IS NULL OR version.valid_to > :pruned)
ORDER BY version.vid LIMIT :limit;

-- name: reshape
-- What a version has elements for.
UPDATE version SET shape = :shape WHERE tenant = :tenant AND vid = :vid;
