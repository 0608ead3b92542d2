-- What was numbered after a change, for processes that deliver what another one has matched.
CREATE INDEX subscription_event_by_vid ON subscription_event (tenant, vid);
