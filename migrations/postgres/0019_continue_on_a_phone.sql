create table handoffs (
    id               text   not null,
    user_id          text   not null,
    session_id       text   not null,
    token_hash       text   not null,
    browser          text   not null,
    system           text   not null,
    made_at          bigint not null,
    expires_at       bigint not null,
    opened_at        bigint,
    way              text,
    ticket_hash      text,
    number           bigint,
    answer_until     bigint,
    outcome          text,
    ended_at         bigint,
    phone_session_id text,
    constraint handoffs_pk primary key (id),
    constraint handoffs_token_once unique (token_hash),
    constraint handoffs_ticket_once unique (ticket_hash),
    constraint handoffs_user_fk foreign key (user_id) references users (id),
    constraint handoffs_session_fk foreign key (session_id) references capture_sessions (id),
    constraint handoffs_way_known check (way in ('qr', 'link')),
    constraint handoffs_outcome_known
        check (outcome in ('handed_over', 'wrong_number', 'declined', 'taken_back', 'replaced'))
);
create index handoffs_by_session on handoffs (session_id);
create index handoffs_by_user on handoffs (user_id);

alter table capture_sessions add column handoff text not null default '';
alter table challenges add column handoff text not null default '';
alter table capture_sessions add column end_reason text;
