-- Keys of operators, what they decided about events, and the ways in which events are looked up.

-- Keys that open a part of /admin. The key that the settings give is none of them.
create table admin_keys (
    id           text   not null, -- stands in the key
    name         text   not null,
    secret_hash  text   not null, -- SHA-256 of the whole key
    scopes       text   not null, -- words with commas between
    created_at   bigint not null,
    expires_at   bigint,
    last_used_at bigint, -- to the hour
    exposed_at   bigint, -- when it came in an address, which proxies and browsers write down
    revoked_at   bigint,
    constraint admin_keys_pk primary key (id)
);
create unique index admin_keys_one_of_a_name on admin_keys (name) where revoked_at is null;

-- What operators decided about events, which themselves are never changed by it. Rows are added; only is_last changes, and the
-- note goes with the user. With the decline, VERIFIED of `users` is taken back: by an operator, and by nothing else.
create table reviews (
    id         text   not null,
    event_id   text   not null,
    event_at   bigint not null, -- the event's created_at, so that one index gives an outcome's events in their order
    decision   text   not null,
    note       text,
    actor      text   not null,
    created_at bigint not null,
    is_last    bigint not null, -- of the event
    constraint reviews_pk primary key (id),
    constraint reviews_decision_known check (decision in ('approve', 'decline'))
);
create unique index reviews_one_last_of_an_event on reviews (event_id) where is_last = 1;
create index reviews_by_event on reviews (event_id, created_at, id);
create index reviews_by_decision on reviews (decision, event_at, event_id) where is_last = 1;

-- Events by what they are filtered by, newest first.
create index verification_events_by_status on verification_events (status, created_at, id);
create index verification_events_by_reason on verification_events (reason, status, created_at, id);
create index verification_events_by_address on verification_events (lower(email), created_at, id);
create index verification_events_to_review on verification_events (created_at, id) where review is not null;
