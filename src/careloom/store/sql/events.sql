-- name: matched_to
-- How far the change log is matched.
SELECT vid FROM matched WHERE tenant = :tenant;

-- name: move_matched
-- Move that position forward, never back.
INSERT INTO matched (tenant, vid) VALUES (:tenant, :vid)
ON CONFLICT (tenant) DO UPDATE SET vid = excluded.vid WHERE matched.vid < excluded.vid;

-- name: last_number
-- Number of a subscription's newest event.
SELECT coalesce(max(number), 0) FROM subscription_event WHERE tenant = :tenant AND subscription = :subscription;

-- name: first_number
-- Number of a subscription's oldest event that is still held.
SELECT coalesce(min(number), 0) FROM subscription_event WHERE tenant = :tenant AND subscription = :subscription;

-- name: newest_before
-- Number of a subscription's newest event recorded before an instant.
SELECT coalesce(max(number), 0) FROM subscription_event
WHERE tenant = :tenant AND subscription = :subscription AND recorded < :before;

-- name: prune_events
-- Let go of the events of a subscription up to a number.
DELETE FROM subscription_event WHERE tenant = :tenant AND subscription = :subscription AND number <= :to;

-- name: prune_dead_letters
-- Let go of what was put aside, up to a number.
DELETE FROM dead_letter WHERE tenant = :tenant AND subscription = :subscription AND number <= :to;

-- name: prune_attempts
-- Let go of tries that were made before an instant, but for the newest, since the serials go on from it.
DELETE FROM attempt WHERE tenant = :tenant AND subscription = :subscription AND started < :before
  AND serial < (SELECT max(serial) FROM attempt WHERE tenant = :tenant AND subscription = :subscription);

-- name: prune_replays
-- Let go of replays that are over and were asked for before an instant, but for those of events that are put aside.
DELETE FROM replay WHERE tenant = :tenant AND status <> 'open' AND recorded < :before
  AND NOT EXISTS (
      SELECT 1 FROM dead_letter WHERE dead_letter.tenant = replay.tenant
      AND dead_letter.subscription = replay.subscription AND dead_letter.number BETWEEN replay.first AND replay.last);

-- name: newest_events
-- Of several subscriptions the number of the newest event of each, and the change that it tells of; NULL where there is
-- none: any number of ids, tenant, tenant. Each is looked for by itself, since a join might go through all there are.
WITH asked (subscription) AS (VALUES (?))
SELECT subscription,
       (SELECT number FROM subscription_event AS event WHERE event.tenant = ?
        AND event.subscription = asked.subscription ORDER BY number DESC LIMIT 1),
       (SELECT vid FROM subscription_event AS event WHERE event.tenant = ?
        AND event.subscription = asked.subscription ORDER BY number DESC LIMIT 1)
FROM asked;

-- name: has_event
-- Whether a subscription has an event of a change.
SELECT count(*) FROM subscription_event WHERE tenant = :tenant AND subscription = :subscription AND vid = :sequence;

-- name: add_event
-- An event under a number.
INSERT INTO subscription_event (tenant, subscription, number, vid, topic, focus, version_id, recorded, patient,
                                interaction)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: events
-- Events of a subscription within a range of numbers, in order.
SELECT subscription, number, vid, topic, focus, version_id, recorded, patient, interaction FROM subscription_event
WHERE tenant = :tenant AND subscription = :subscription AND number BETWEEN :first AND :last
ORDER BY number;

-- name: pending
-- The first events that the subscriber has not accepted yet.
SELECT subscription, number, vid, topic, focus, version_id, recorded, patient, interaction FROM subscription_event
WHERE tenant = :tenant AND subscription = :subscription
  AND number > coalesce(
      (SELECT delivered_to FROM cursor WHERE tenant = :tenant AND subscription = :subscription), 0)
ORDER BY number LIMIT :limit;

-- name: newest_numbers
-- Number of the newest event of each subscription, skipping from one subscription to the next along the key.
WITH RECURSIVE known (subscription) AS (
    SELECT min(subscription) FROM subscription_event WHERE tenant = :tenant
    UNION ALL
    SELECT (SELECT min(subscription) FROM subscription_event AS next
            WHERE next.tenant = :tenant AND next.subscription > known.subscription)
    FROM known WHERE known.subscription IS NOT NULL
)
SELECT subscription, (SELECT max(number) FROM subscription_event AS own
                      WHERE own.tenant = :tenant AND own.subscription = known.subscription)
FROM known WHERE subscription IS NOT NULL;

-- name: cursor
-- Where a subscription stands.
SELECT subscription, delivered_to, inflight_from, inflight_to, attempt, next_at, status, failing_since, last_sent, error
FROM cursor WHERE tenant = :tenant AND subscription = :subscription;

-- name: cursors
-- Where all of them stand.
SELECT subscription, delivered_to, inflight_from, inflight_to, attempt, next_at, status, failing_since, last_sent, error
FROM cursor WHERE tenant = :tenant ORDER BY subscription;

-- name: save_cursor
-- Record where a subscription stands.
INSERT INTO cursor (tenant, subscription, delivered_to, inflight_from, inflight_to, attempt, next_at,
                    status, failing_since, last_sent, error)
VALUES (:tenant, :subscription, :delivered_to, :inflight_from, :inflight_to, :attempt, :next_at,
        :status, :failing_since, :last_sent, :error)
ON CONFLICT (tenant, subscription) DO UPDATE SET
    delivered_to = excluded.delivered_to, inflight_from = excluded.inflight_from, inflight_to = excluded.inflight_to,
    attempt = excluded.attempt, next_at = excluded.next_at, status = excluded.status,
    failing_since = excluded.failing_since, last_sent = excluded.last_sent, error = excluded.error;

-- name: add_attempt
-- Record a try at delivering. With INSERT … SELECT, SQLite would keep what it needs to undo each row by itself.
INSERT INTO attempt (tenant, subscription, serial, first, last, attempt, started, milliseconds, outcome, code,
                     body_hash, detail)
VALUES (:tenant, :subscription,
        (SELECT coalesce(max(serial), 0) + 1 FROM attempt WHERE tenant = :tenant AND subscription = :subscription),
        :first, :last, :attempt, :started, :milliseconds, :outcome, :code, :body_hash, :detail);

-- name: attempts
-- The latest tries, newest first.
SELECT subscription, first, last, attempt, started, milliseconds, outcome, code, body_hash, detail FROM attempt
WHERE tenant = :tenant AND subscription = :subscription ORDER BY serial DESC LIMIT :limit;

-- name: add_dead_letter
-- Put an event aside.
INSERT INTO dead_letter (tenant, subscription, number, reason, recorded)
VALUES (:tenant, :subscription, :number, :reason, :recorded)
ON CONFLICT (tenant, subscription, number) DO UPDATE SET reason = excluded.reason, recorded = excluded.recorded;

-- name: dead_letters
-- What was put aside.
SELECT subscription, number, reason, recorded FROM dead_letter
WHERE tenant = :tenant AND subscription = :subscription AND number BETWEEN :first AND :last ORDER BY number;

-- name: save_replay
-- Record a replay, or how far it is.
INSERT INTO replay (tenant, id, subscription, first, last, endpoint, requested_by, recorded, delivered_to, status, error)
VALUES (:tenant, :id, :subscription, :first, :last, :endpoint, :requested_by, :recorded, :delivered_to, :status, :error)
ON CONFLICT (tenant, id) DO UPDATE SET
    delivered_to = excluded.delivered_to, status = excluded.status, error = excluded.error;

-- name: open_replays
-- Replays that are not over.
SELECT id, subscription, first, last, endpoint, requested_by, recorded, delivered_to, status, error FROM replay
WHERE tenant = :tenant AND status = 'open' ORDER BY recorded, id;

-- name: replays
-- Replays of a subscription.
SELECT id, subscription, first, last, endpoint, requested_by, recorded, delivered_to, status, error FROM replay
WHERE tenant = :tenant AND subscription = :subscription ORDER BY recorded, id;

-- name: newest_after
-- Number of the newest event of each subscription that was told of a change after another, and that change.
SELECT subscription, max(number), max(vid) FROM subscription_event WHERE tenant = :tenant AND vid > :vid
GROUP BY subscription;
