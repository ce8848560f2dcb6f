create table sites (
    id            text   not null,
    name          text   not null,
    logo          text,
    accent        text,
    origins       text   not null,
    return_urls   text   not null,
    private_hosts text   not null,
    locale        text,
    policy        text,
    created_at    bigint not null,
    updated_at    bigint not null,
    constraint sites_pk primary key (id)
);
insert into sites (id, name, origins, return_urls, private_hosts, created_at, updated_at)
    values ('default', 'Blinkgate', '[]', '[]', '[]', 0, 0);

alter table admin_keys add column site_id text;
alter table admin_keys add column test bigint not null default 0;

create table checks (
    id                      text   not null,
    site_id                 text   not null,
    user_id                 text,
    session_id              text,
    status                  text   not null,
    gate                    text   not null,
    policy                  text,
    locale                  text,
    reference               text,
    nonce                   text,
    state                   text,
    return_url              text,
    alternative_url         text,
    metadata                text   not null,
    attempts                bigint not null default 0,
    last_failure            text,
    test                    bigint not null default 0,
    front_door              bigint not null default 0,
    decide_at               bigint,
    client_token_hash       text,
    client_token_expires_at bigint,
    method                  text,
    thresholds              text,
    evidence_sha256         text,
    event_id                text,
    created_at              bigint not null,
    expires_at              bigint not null,
    opened_at               bigint,
    ended_at                bigint,
    revoked_at              bigint,
    redacted_at             bigint,
    constraint checks_pk primary key (id),
    constraint checks_status_known check (status in
        ('waiting', 'open', 'checking', 'verified', 'failed', 'review', 'canceled', 'expired')),
    constraint checks_gate_known check (gate in ('link', 'code', 'site'))
);
create index checks_by_site on checks (site_id, created_at, id);
create index checks_by_status on checks (site_id, status, created_at, id);
create index checks_by_reference on checks (site_id, reference, created_at, id);
create index checks_by_user on checks (user_id);
create unique index checks_client_token_unique on checks (client_token_hash);
create index checks_by_event on checks (event_id);
create index checks_by_end on checks (expires_at) where status in ('waiting', 'open', 'checking');
create index checks_to_decide on checks (decide_at) where decide_at is not null;

create table check_attempts (
    challenge_id text   not null,
    check_id     text   not null,
    ended_at     bigint not null,
    constraint check_attempts_pk primary key (challenge_id)
);
create index check_attempts_by_check on check_attempts (check_id);

alter table mail_outbox add column check_id text;
alter table verification_tokens add column check_id text;
alter table capture_sessions add column check_id text;
create index mail_outbox_by_check on mail_outbox (check_id) where check_id is not null;
create index capture_sessions_by_check on capture_sessions (check_id) where check_id is not null;
create index verification_tokens_by_check on verification_tokens (check_id) where check_id is not null;

create table idempotent_requests (
    key_id          text   not null,
    idempotency_key text   not null,
    request_hash    text   not null,
    created_at      bigint not null,
    status          bigint,
    answer          bytea,
    constraint idempotent_requests_pk primary key (key_id, idempotency_key)
);
create index idempotent_requests_by_time on idempotent_requests (created_at);

create table site_events (
    id         text   not null,
    site_id    text   not null,
    check_id   text,
    type       text   not null,
    data       text   not null,
    test       bigint not null default 0,
    created_at bigint not null,
    constraint site_events_pk primary key (id)
);
create index site_events_by_site on site_events (site_id, id);
create index site_events_by_check on site_events (check_id, id);
create index site_events_by_time on site_events (created_at);
