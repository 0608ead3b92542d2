-- name: put_head
-- The statement of this name in record.sql for many rows, one array for each column.
INSERT INTO head (tenant, rid, type, id, vid, ver, op)
SELECT * FROM unnest(?::integer[], ?::bigint[], ?::integer[], ?::text[], ?::bigint[], ?::integer[], ?::integer[])
ON CONFLICT (tenant, rid) DO UPDATE SET vid = excluded.vid, ver = excluded.ver, op = excluded.op;

-- name: add_head
-- The statement of this name in record.sql for many rows, one array for each column.
INSERT INTO head (tenant, rid, type, id, vid, ver, op)
SELECT * FROM unnest(?::integer[], ?::bigint[], ?::integer[], ?::text[], ?::bigint[], ?::integer[], ?::integer[]);

-- name: add_units
-- The statement of this name in record.sql for many rows, one array for each value.
INSERT INTO tx (tenant, tx, last, state, cause)
SELECT tenant, tx, last, 0, cause FROM unnest(?::integer[], ?::bigint[], ?::bigint[], ?::text[])
    AS unit (tenant, tx, last, cause);

-- name: close_version
-- The statement of this name in record.sql for many rows, one array for each value.
UPDATE version SET valid_to = closed.following
FROM unnest(?::bigint[], ?::integer[], ?::bigint[]) AS closed (following, tenant, vid)
WHERE version.tenant = closed.tenant AND version.vid = closed.vid;

-- name: repack_body
-- The statement of this name in record.sql for many rows, one array for each value.
UPDATE body SET dictionary = anew.dictionary, bytes = anew.bytes
FROM unnest(?::integer[], ?::bytea[], ?::integer[], ?::bigint[]) AS anew (dictionary, bytes, tenant, vid)
WHERE body.tenant = anew.tenant AND body.vid = anew.vid;

-- name: remember
-- The statement of this name in record.sql for many rows, one array for each column.
INSERT INTO once (tenant, scope, key, until)
SELECT * FROM unnest(?::integer[], ?::text[], ?::text[], ?::bigint[])
ON CONFLICT (tenant, scope, key) DO UPDATE SET until = excluded.until;

-- name: remove_tok
-- Take rows of tok out of their blocks, and put back what is left of these: one array for each column.
WITH gone AS (
    SELECT tenant, h, sys, vid >> 10 AS block, array_agg(vid) AS vids
    FROM unnest(?::integer[], ?::bigint[], ?::bigint[], ?::integer[]) AS r (tenant, h, vid, sys)
    GROUP BY tenant, h, sys, vid >> 10
), held AS (
    DELETE FROM tok_block AS b USING gone
    WHERE b.h = gone.h AND b.vid >> 10 = gone.block AND b.tenant = gone.tenant AND b.sys = gone.sys
      AND EXISTS (SELECT 1 FROM unnest('{0}'::smallint[] || b.more) AS place WHERE b.vid + place = ANY (gone.vids))
    RETURNING b.tenant, b.h, b.sys, b.vid, b.more, gone.vids AS gone
), kept AS (
    SELECT tenant, h, sys, (SELECT array_agg(vid + place ORDER BY place) FROM unnest('{0}'::smallint[] || more) AS place
                            WHERE vid + place <> ALL (gone)) AS vids
    FROM held
)
INSERT INTO tok_block (tenant, h, vid, sys, more)
SELECT tenant, h, vids[1], sys, (SELECT array_agg((vid - vids[1])::smallint ORDER BY vid) FROM unnest(vids[2:]) AS vid)
FROM kept WHERE vids IS NOT NULL;

-- name: remove_fts
-- The same of rows of fts, whatever their words are.
WITH gone AS (
    SELECT tenant, vid >> 10 AS block, array_agg(vid) AS vids
    FROM unnest(?::bigint[], ?::integer[]) AS r (vid, tenant) GROUP BY tenant, vid >> 10
), held AS (
    DELETE FROM fts_block AS b USING gone
    WHERE b.vid >> 10 = gone.block AND b.tenant = gone.tenant
      AND EXISTS (SELECT 1 FROM unnest('{0}'::smallint[] || b.more) AS place WHERE b.vid + place = ANY (gone.vids))
    RETURNING b.tenant, b.words, b.vid, b.more, gone.vids AS gone
), kept AS (
    SELECT tenant, words, (SELECT array_agg(vid + place ORDER BY place)
                           FROM unnest('{0}'::smallint[] || more) AS place WHERE vid + place <> ALL (gone)) AS vids
    FROM held
)
INSERT INTO fts_block (tenant, words, vid, more)
SELECT tenant, words, vids[1], (SELECT array_agg((vid - vids[1])::smallint ORDER BY vid) FROM unnest(vids[2:]) AS vid)
FROM kept WHERE vids IS NOT NULL;

-- name: add_event
-- The statement of this name in events.sql for many rows, one array for each column.
INSERT INTO subscription_event (tenant, subscription, number, vid, topic, focus, version_id, recorded, patient,
                                interaction)
SELECT * FROM unnest(?::integer[], ?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::bigint[],
                     ?::text[], ?::text[]);

-- name: seek
-- The newest versions of some resources, with their bodies: as `read` in record.sql, with an array of hashes. It is
-- prepared as it stands, so its values are those of PostgreSQL: tenant, hashes.
SELECT head.rid, head.id, head.ver, head.op, head.vid, body.dictionary, body.bytes
FROM unnest($2::bigint[]) AS asked (rid) JOIN head ON head.tenant = $1::integer AND head.rid = asked.rid
LEFT JOIN body ON body.tenant = head.tenant AND body.vid = head.vid;

-- name: take_turn
-- Wait for the turn of this process; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(:space::integer, :tenant::integer);

-- name: take_turn_within
-- The same within a limit of its own, in milliseconds, behind which that of all other locks is set again.
SELECT set_config('lock_timeout', :wait, true),
       pg_advisory_xact_lock(:space::integer, :tenant::integer),
       set_config('lock_timeout', :usual, true);

-- name: end_standstill
-- How many seconds ago the connection that has the turn of a tenant has last asked for something, and whether it was
-- ended, since that is as many as are given or more; no row while a statement of it runs, or where nobody has the turn.
-- A statement whose rest the server waits for, in the middle of a COPY or of a pipeline, does not run.
WITH standing AS MATERIALIZED (
    SELECT activity.pid, greatest(extract(epoch FROM clock_timestamp() - activity.state_change), 0)::double precision
           AS seconds
    FROM pg_locks AS turn JOIN pg_stat_activity AS activity ON activity.pid = turn.pid
    WHERE turn.locktype = 'advisory' AND turn.granted
      AND turn.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND turn.classid::bigint = :space AND turn.objid::bigint = :tenant AND turn.objsubid = 2
      AND (activity.state LIKE 'idle in transaction%' OR activity.wait_event = 'ClientRead')
)
SELECT seconds, CASE WHEN seconds >= :seconds::double precision THEN pg_terminate_backend(pid) ELSE false END
FROM standing;

-- name: grown
-- The tables that are twice as large as when they were counted, or never were, and what their indexes are of, but for
-- words.
SELECT quote_ident(grown.relname), string_agg(DISTINCT quote_ident(part.attname), ', ')
FROM pg_class AS grown
JOIN pg_index AS lookup ON lookup.indrelid = grown.oid
JOIN pg_attribute AS part ON part.attrelid = grown.oid AND part.attnum = ANY (lookup.indkey)
    AND part.atttypid <> 'tsvector'::regtype
WHERE grown.relkind = 'r' AND grown.relnamespace = current_schema()::regnamespace
  AND pg_relation_size(grown.oid) > 0
  AND pg_relation_size(grown.oid) >= 2 * current_setting('block_size')::bigint * grown.relpages
GROUP BY grown.relname ORDER BY grown.relname;

-- name: begin_group
-- Leave the serial of this transaction, to ask for it should its end be lost; give the
-- newest vid of the tenant, and the newest of its SearchParameter resources, by which the record is indexed. The newest
-- unit is the one whose vids end last: those that are kept for one are passed over by all that come behind it.
WITH marked AS (
    INSERT INTO writer (tenant, name, serial, at)
    VALUES (:tenant, :writer, :serial, (extract(epoch FROM now()) * 1000000)::bigint)
    ON CONFLICT (tenant, name) DO UPDATE SET serial = excluded.serial, at = excluded.at
)
SELECT greatest((SELECT coalesce(max(vid), 0) FROM version WHERE tenant = :tenant),
                coalesce((SELECT last FROM tx WHERE tenant = :tenant ORDER BY tx DESC LIMIT 1), 0)),
       coalesce((SELECT vid FROM version WHERE tenant = :tenant AND type = (
                     SELECT id FROM name WHERE tenant = :tenant AND text = 'SearchParameter'
                     AND substr(text, 1, 500) = 'SearchParameter')
                 ORDER BY vid DESC LIMIT 1), 0);

-- name: newest_serial
-- The serial of a writer's newest transaction that was committed.
SELECT serial FROM writer WHERE tenant = :tenant AND name = :writer;

-- name: forget_writers
-- Let go of the rows of processes that have written nothing for a day.
DELETE FROM writer WHERE tenant = :tenant AND at < (extract(epoch FROM now()) * 1000000)::bigint - 86400000000;

-- name: announce
-- Tell the other processes that there is something new in the change log.
SELECT pg_notify(:channel, :tenant::text);

-- name: now
-- The time of the server, in microseconds since 1970 UTC.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
