-- name: put_head
-- The statement of this name in record.sql for many rows, one array for each column.
INSERT INTO head (tenant, rid, type, id, vid, ver, op)
SELECT * FROM unnest(?::integer[], ?::bigint[], ?::integer[], ?::text[], ?::bigint[], ?::integer[], ?::integer[])
ON CONFLICT (tenant, rid) DO UPDATE SET vid = excluded.vid, ver = excluded.ver, op = excluded.op;

-- name: close_version
-- The statement of this name in record.sql for many rows, one array for each value.
UPDATE version SET valid_to = closed.following
FROM unnest(?::bigint[], ?::integer[], ?::bigint[]) AS closed (following, tenant, vid)
WHERE version.tenant = closed.tenant AND version.vid = closed.vid;

-- name: take_turn
-- Wait for the turn of this process; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(:space::integer, :tenant::integer);

-- name: begin_group
-- The number of this transaction, to ask after it should its end be lost, and the newest vid of the tenant.
SELECT pg_current_xact_id()::text,
       greatest((SELECT coalesce(max(vid), 0) FROM version WHERE tenant = :tenant),
                (SELECT coalesce(max(last), 0) FROM tx WHERE tenant = :tenant));

-- name: outcome
-- What became of a transaction.
SELECT pg_xact_status(:transaction::xid8);

-- name: announce
-- Tell the other processes that there is something new in the change log.
SELECT pg_notify(:channel, :tenant::text);

-- name: now
-- The time of the server, in microseconds since 1970 UTC.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
