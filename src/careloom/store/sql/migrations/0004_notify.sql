-- Whom an event tells of and what happened; what was put aside; what is to be told once more.
ALTER TABLE subscription_event ADD COLUMN patient TEXT NOT NULL DEFAULT '';
ALTER TABLE subscription_event ADD COLUMN interaction TEXT NOT NULL DEFAULT 'update';

CREATE TABLE dead_letter (
    tenant INTEGER NOT NULL,
    subscription TEXT NOT NULL,
    number INTEGER NOT NULL,                -- of the event
    reason TEXT NOT NULL,
    recorded INTEGER NOT NULL,
    PRIMARY KEY (tenant, subscription, number)
) WITHOUT ROWID, STRICT;

CREATE TABLE replay (
    tenant INTEGER NOT NULL,
    id TEXT NOT NULL,
    subscription TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    endpoint TEXT NOT NULL,                 -- empty for that of the subscription
    requested_by TEXT NOT NULL,
    recorded INTEGER NOT NULL,
    delivered_to INTEGER NOT NULL,
    status TEXT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) WITHOUT ROWID, STRICT;
