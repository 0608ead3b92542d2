-- name: matched_to
-- How far the change log is matched.
SELECT vid FROM matched WHERE tenant = :tenant;

-- name: move_matched
-- Move that position forward, never back.
INSERT INTO matched (tenant, vid) VALUES (:tenant, :vid)
ON CONFLICT (tenant) DO UPDATE SET vid = max(vid, excluded.vid);

-- name: last_number
-- Number of a subscription's newest event.
SELECT coalesce(max(number), 0) FROM subscription_event WHERE tenant = :tenant AND subscription = :subscription;

-- name: add_event
-- An event under the next number of its subscription, unless this change has one there.
INSERT INTO subscription_event (tenant, subscription, number, vid, topic, focus, version_id, recorded)
SELECT :tenant, :subscription, coalesce(max(number), 0) + 1, :sequence, :topic, :focus, :version_id, :recorded
FROM subscription_event WHERE tenant = :tenant AND subscription = :subscription
ON CONFLICT (tenant, subscription, vid) DO NOTHING
RETURNING number;

-- name: events
-- Events of a subscription within a range of numbers, in order.
SELECT subscription, number, vid, topic, focus, version_id, recorded FROM subscription_event
WHERE tenant = :tenant AND subscription = :subscription AND number BETWEEN :first AND :last
ORDER BY number;

-- name: pending
-- The first events that the subscriber has not accepted yet.
SELECT subscription, number, vid, topic, focus, version_id, recorded FROM subscription_event
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
INSERT OR REPLACE INTO cursor (tenant, subscription, delivered_to, inflight_from, inflight_to, attempt, next_at,
                               status, failing_since, last_sent, error)
VALUES (:tenant, :subscription, :delivered_to, :inflight_from, :inflight_to, :attempt, :next_at,
        :status, :failing_since, :last_sent, :error);

-- name: add_attempt
-- Record a try at delivering.
INSERT INTO attempt (tenant, subscription, serial, first, last, attempt, started, milliseconds, outcome, code,
                     body_hash, detail)
SELECT :tenant, :subscription, coalesce(max(serial), 0) + 1, :first, :last, :attempt, :started, :milliseconds, :outcome,
       :code, :body_hash, :detail
FROM attempt WHERE tenant = :tenant AND subscription = :subscription;

-- name: attempts
-- The latest tries, newest first.
SELECT subscription, first, last, attempt, started, milliseconds, outcome, code, body_hash, detail FROM attempt
WHERE tenant = :tenant AND subscription = :subscription ORDER BY serial DESC LIMIT :limit;
