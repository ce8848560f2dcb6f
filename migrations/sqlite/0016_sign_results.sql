-- Results that a site can check by itself.

-- Keys that sign results: the public halves. The secret ones are derived from the server's key and the number.
create table signing_keys (
    number      bigint not null,
    kid         text   not null,
    public_key  text   not null, -- base64url
    created_at  bigint not null,
    active_from bigint not null, -- published before it signs, so that nobody meets an unknown key
    revoked_at  bigint,          -- from then on nothing that it signed is valid
    constraint signing_keys_pk primary key (number)
);

-- Results that /v1/siteverify has accepted once.
create table spent_results (
    jti      text   not null,
    request  text,            -- the caller's name for the request that spent it, which may be repeated
    spent_at bigint not null,
    constraint spent_results_pk primary key (jti)
);
create index spent_results_by_time on spent_results (spent_at);
