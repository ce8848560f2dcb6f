-- Second factors of operators' keys: what codes are made from.
create table second_factors (
    key_id        text   not null,
    sealed_secret text   not null,           -- sealed with a key derived from SITES_KEY, base64
    last_step     bigint not null,           -- the time step of the last code that was used; no earlier one counts
    wrong_codes   bigint not null default 0, -- in a row
    wrong_at      bigint,                    -- when the last of them was entered
    created_at    bigint not null,
    constraint second_factors_pk primary key (key_id),
    constraint second_factors_key_fk foreign key (key_id) references admin_keys (id)
);

-- Operators who signed in at the console with a key and a code.
create table admin_sessions (
    token_hash text   not null, -- SHA-256
    key_id     text   not null,
    created_at bigint not null,
    expires_at bigint not null,
    constraint admin_sessions_pk primary key (token_hash),
    constraint admin_sessions_key_fk foreign key (key_id) references admin_keys (id)
);
create index admin_sessions_by_key on admin_sessions (key_id);
create index admin_sessions_by_end on admin_sessions (expires_at);
