-- A check that goes on on a phone: the first screen shows a code, a phone opens it and chooses the number that the screen shows.
create table handoffs (
    id               text   not null,
    user_id          text   not null,
    session_id       text   not null, -- of the first screen
    token_hash       text   not null, -- of what the code contains
    browser          text   not null, -- of the first screen; empty if unknown
    system           text   not null,
    made_at          bigint not null,
    expires_at       bigint not null, -- of the code, unless a phone has opened it
    opened_at        bigint,
    way              text,            -- how the phone came by it: qr or link
    ticket_hash      text,            -- of what the phone answers with
    number           bigint,          -- on the first screen
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

-- How a session came to its device: qr or link; empty if nothing was handed over. The same for its attempts.
alter table capture_sessions add column handoff text not null default '';
alter table challenges add column handoff text not null default '';
-- Why a session was ended early, if the check went on on another device: handed_over or taken_back.
alter table capture_sessions add column end_reason text;
