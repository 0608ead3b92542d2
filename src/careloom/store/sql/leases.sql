-- name: take_lease
-- Take a lease that is free, over or one's own; no row where another has it.
INSERT INTO lease (tenant, name, holder, fence, until) VALUES (:tenant, :name, :holder, 1, :until)
ON CONFLICT (tenant, name) DO UPDATE SET
    holder = excluded.holder, until = excluded.until,
    fence = CASE WHEN lease.holder = excluded.holder THEN lease.fence ELSE lease.fence + 1 END
WHERE lease.holder = excluded.holder OR lease.until <= :now
RETURNING fence;

-- name: leave_lease
-- Let the next have a lease at once.
UPDATE lease SET until = 0 WHERE tenant = :tenant AND name = :name AND holder = :holder AND fence = :fence;

-- name: holds_lease
-- Whether a lease is still with its holder.
SELECT count(*) FROM lease WHERE tenant = :tenant AND name = :name AND holder = :holder AND fence = :fence;

-- name: lease_holders
-- Who holds leases of a kind.
SELECT DISTINCT holder FROM lease
WHERE tenant = :tenant AND substr(name, 1, length(:prefix)) = :prefix AND until > :now ORDER BY holder;

-- name: forget_leases
-- Forget leases of a kind that are long over.
DELETE FROM lease WHERE tenant = :tenant AND substr(name, 1, length(:prefix)) = :prefix AND until < :now;
