-- Whom an event tells of and what happened; what was put aside; what is to be told once more.
ALTER TABLE subscription_event ADD COLUMN patient text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE subscription_event ADD COLUMN interaction text COLLATE "C" NOT NULL DEFAULT 'update';

CREATE TABLE dead_letter (
    number bigint NOT NULL,                 -- of the event
    recorded bigint NOT NULL,
    tenant integer NOT NULL,
    subscription text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (tenant, subscription, number)
);

CREATE TABLE replay (
    first bigint NOT NULL,
    last bigint NOT NULL,
    recorded bigint NOT NULL,
    delivered_to bigint NOT NULL,
    tenant integer NOT NULL,
    id text COLLATE "C" NOT NULL,
    subscription text COLLATE "C" NOT NULL,
    endpoint text NOT NULL,                 -- empty for that of the subscription
    requested_by text NOT NULL,
    status text NOT NULL,
    error text NOT NULL,
    PRIMARY KEY (tenant, id)
) WITH (fillfactor = 50);
