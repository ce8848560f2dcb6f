-- Webhooks.

-- Where a site wants to be told. The secrets are derived from the server's key, the id and the generation.
create table endpoints (
    id           text   not null,
    site_id      text   not null,
    url          text   not null,
    types        text   not null, -- with commas around each; empty for all
    test         bigint not null, -- 1: is told of checks in test mode, and of no others
    generation   bigint not null,
    rotated_at   bigint,
    created_at   bigint not null,
    disabled_at  bigint,
    disabled_why text,
    constraint endpoints_pk primary key (id)
);
create index endpoints_by_site on endpoints (site_id, id);

-- Events on their way to endpoints.
create table deliveries (
    event_id     text   not null,
    endpoint_id  text   not null,
    created_at   bigint not null,
    next_try_at  bigint not null, -- moved ahead when a try begins: a crash in the middle is tried again by itself
    tries        bigint not null default 0,
    delivered_at bigint,
    given_up_at  bigint,
    last_status  bigint,
    last_error   text,
    constraint deliveries_pk primary key (event_id, endpoint_id)
);
create index deliveries_due on deliveries (next_try_at) where delivered_at is null and given_up_at is null;
create index deliveries_by_endpoint on deliveries (endpoint_id, event_id);
create index deliveries_by_time on deliveries (created_at);
