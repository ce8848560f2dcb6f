-- Who relies on this server, and what they asked it to find out.

-- A site relies on the results. `default` is there from the start: it is whom the register page serves.
create table sites (
    id            text   not null, -- chosen by the operator; stands in pages and is no secret
    name          text   not null,
    logo          text,
    accent        text,
    origins       text   not null, -- JSON: origins of its pages
    return_urls   text   not null, -- JSON: where people may be sent afterwards
    private_hosts text   not null, -- JSON: hosts that its webhooks may reach at private addresses
    locale        text,
    policy        text,            -- kind of challenge; null for the server's
    created_at    bigint not null,
    updated_at    bigint not null,
    constraint sites_pk primary key (id)
);
insert into sites (id, name, origins, return_urls, private_hosts, created_at, updated_at)
    values ('default', 'Blinkgate', '[]', '[]', '[]', 0, 0);

-- A key is an operator's, or belongs to one site.
alter table admin_keys add column site_id text;
alter table admin_keys add column test bigint not null default 0; -- 1: its checks are decided without a camera

-- A check: the attempts of one mailbox that a site asked for, until one of them ends it.
create table checks (
    id                      text   not null,
    site_id                 text   not null,
    user_id                 text,            -- null in test mode, and once it is redacted
    session_id              text,            -- the last session at the camera
    status                  text   not null, -- verified is never taken back
    gate                    text   not null, -- how the mailbox is proven
    policy                  text,
    locale                  text,
    reference               text,            -- the site's own words, from here to metadata
    nonce                   text,
    state                   text,
    return_url              text,
    alternative_url         text,
    metadata                text   not null, -- JSON
    attempts                bigint not null default 0, -- that counted
    last_failure            text,            -- reason of the last one that failed
    test                    bigint not null default 0,
    front_door              bigint not null default 0, -- 1: begun at the register page, not by the API
    decide_at               bigint,          -- in test mode: when a slow check is decided
    client_token_hash       text,
    client_token_expires_at bigint,
    method                  text,            -- of the attempt that ended it
    thresholds              text,
    evidence_sha256         text,
    event_id                text,
    created_at              bigint not null,
    expires_at              bigint not null,
    opened_at               bigint,
    ended_at                bigint,
    revoked_at              bigint,          -- when an operator took the verification back
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

-- The attempts of a check that ended, so that their events and pictures are found.
create table check_attempts (
    challenge_id text   not null,
    check_id     text   not null,
    ended_at     bigint not null,
    constraint check_attempts_pk primary key (challenge_id)
);
create index check_attempts_by_check on check_attempts (check_id);

-- Which check a mail, a link and a session belong to; null for those from before, and for mails and links of the register page.
alter table mail_outbox add column check_id text;
alter table verification_tokens add column check_id text;
alter table capture_sessions add column check_id text;
create index mail_outbox_by_check on mail_outbox (check_id) where check_id is not null;
create index capture_sessions_by_check on capture_sessions (check_id) where check_id is not null;
create index verification_tokens_by_check on verification_tokens (check_id) where check_id is not null;

-- Requests with an Idempotency-Key, and what they were answered: sealed by a key that only the caller's key gives.
create table idempotent_requests (
    key_id          text   not null,
    idempotency_key text   not null,
    request_hash    text   not null,
    created_at      bigint not null,
    status          bigint, -- null while it is being answered
    answer          blob,
    constraint idempotent_requests_pk primary key (key_id, idempotency_key)
);
create index idempotent_requests_by_time on idempotent_requests (created_at);

-- What happened to checks. Rows name nobody: neither address nor picture.
create table site_events (
    id         text   not null,
    site_id    text   not null,
    check_id   text,
    type       text   not null,
    data       text   not null, -- JSON
    test       bigint not null default 0,
    created_at bigint not null,
    constraint site_events_pk primary key (id)
);
create index site_events_by_site on site_events (site_id, id);
create index site_events_by_check on site_events (check_id, id);
create index site_events_by_time on site_events (created_at);
