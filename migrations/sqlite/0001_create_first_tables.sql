-- The tables of the first flow: register, open the link, blink, be verified.
-- Portable to PostgreSQL: ids and JSON are text, times are bigint milliseconds since 1970 (UTC), booleans are bigint 0/1.

-- One row per address that was ever registered.
create table users (
    id          text   not null,
    email       text   not null, -- as it was typed, the domain in lower case
    status      text   not null, -- VERIFIED is never taken back; every statement that writes it says so
    created_at  bigint not null,
    updated_at  bigint not null,
    verified_at bigint,
    constraint users_pk primary key (id),
    constraint users_email_unique unique (email),
    constraint users_status_known check (status in ('PENDING', 'VERIFIED', 'FAILED'))
);

-- Mails that are to be sent. Holds no token: the worker makes one when it sends, so that none is ever stored in clear
-- and a mail that was held up does not bring an expired link.
create table mail_outbox (
    id          text   not null,
    user_id     text   not null,
    address_key text   not null, -- hash of the folded address, so that spellings of one mailbox share one limit
    created_at  bigint not null,
    next_try_at bigint not null, -- moved ahead when a try begins: a crash in the middle is tried again by itself
    tries       bigint not null default 0,
    sent_at     bigint,
    given_up_at bigint,
    last_error  text,
    constraint mail_outbox_pk primary key (id),
    constraint mail_outbox_user_fk foreign key (user_id) references users (id)
);
create index mail_outbox_due on mail_outbox (next_try_at) where sent_at is null and given_up_at is null;
create index mail_outbox_by_address on mail_outbox (address_key, created_at);

-- A session at the camera, opened by redeeming a link.
create table capture_sessions (
    id          text   not null,
    user_id     text   not null,
    secret_hash text   not null, -- SHA-256 of the cookie's value
    attempts    bigint not null default 0, -- attempts that counted: rejections and timeouts
    created_at  bigint not null,
    expires_at  bigint not null,
    ended_at    bigint, -- set when another link is redeemed by the same browser
    constraint capture_sessions_pk primary key (id),
    constraint capture_sessions_secret_unique unique (secret_hash),
    constraint capture_sessions_user_fk foreign key (user_id) references users (id)
);

-- Links that were mailed. Only the hash: who reads this table can open no session.
create table verification_tokens (
    token_hash text   not null,
    user_id    text   not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at    bigint, -- set once, by the statement that opens the session
    session_id text,
    constraint verification_tokens_pk primary key (token_hash),
    constraint verification_tokens_user_fk foreign key (user_id) references users (id),
    constraint verification_tokens_session_fk foreign key (session_id) references capture_sessions (id)
);

-- What the browser was asked to do, bound to the key that it registered before it was told.
create table challenges (
    id              text   not null,
    session_id      text   not null,
    user_id         text   not null,
    public_key      text   not null, -- base64url of 32 bytes
    nonce           text   not null,
    audience        text   not null,
    policy          text   not null,
    attempt         bigint not null,
    timeout_ms      bigint not null,
    thresholds      text   not null,
    state           text   not null,
    issued_at       bigint not null,
    expires_at      bigint not null,
    lease_id        text, -- names the one claim that may decide
    lease_until     bigint, -- a claim whose process died can be taken over from here on
    idempotency_key text,
    decided_at      bigint,
    answer          text, -- JSON, given again when the same request comes again
    constraint challenges_pk primary key (id),
    constraint challenges_public_key_once unique (public_key),
    constraint challenges_nonce_once unique (nonce),
    constraint challenges_state_known check (state in ('issued', 'scoring', 'decided', 'superseded')),
    constraint challenges_session_fk foreign key (session_id) references capture_sessions (id),
    constraint challenges_user_fk foreign key (user_id) references users (id)
);
-- Several open challenges at once would be several tries for one counted attempt.
create unique index challenges_one_open_per_session_id on challenges (session_id) where state in ('issued', 'scoring');
create index challenges_by_session on challenges (session_id, decided_at);

-- The audit: one row per attempt that ended. Stands for itself: no foreign keys, so that it can outlive what it names.
create table verification_events (
    id                 text   not null,
    email              text   not null,
    status             text   not null,
    reason             text, -- stable code, null when verified
    open_captured      bigint not null,
    closed_captured    bigint not null,
    open_capture_ref   text,
    closed_capture_ref text,
    created_at         bigint not null,
    challenge_id       text   not null,
    attempt            bigint not null,
    thresholds         text   not null,
    engine             text   not null,
    details            text   not null, -- JSON: the decision's record
    constraint verification_events_pk primary key (id),
    constraint verification_events_challenge_once unique (challenge_id),
    constraint verification_events_status_known check (status in ('VERIFIED', 'FAILED'))
);
create index verification_events_newest on verification_events (created_at, id);
