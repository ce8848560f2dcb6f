create table signing_keys (
    number      bigint not null,
    kid         text   not null,
    public_key  text   not null,
    created_at  bigint not null,
    active_from bigint not null,
    revoked_at  bigint,
    constraint signing_keys_pk primary key (number)
);

create table spent_results (
    jti      text   not null,
    request  text,
    spent_at bigint not null,
    constraint spent_results_pk primary key (jti)
);
create index spent_results_by_time on spent_results (spent_at);
