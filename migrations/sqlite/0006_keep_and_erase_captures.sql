-- Captures are kept for a time and erased with their owner; what operators do is written down.

-- When the captures of an event were removed; the references are null from then on. Where nothing was ever kept, both are.
alter table verification_events add column captures_removed_at bigint;
create index verification_events_with_captures on verification_events (status, created_at)
    where open_capture_ref is not null;

-- What operators did, and what was removed when its time was over. Names nobody by address.
create table audit_entries (
    id         text   not null,
    created_at bigint not null,
    action     text   not null,
    actor      text   not null,
    details    text   not null, -- JSON: figures
    constraint audit_entries_pk primary key (id)
);
create index audit_entries_newest on audit_entries (created_at, id);

-- Who was erased. Beside the captures' keys lies the same list: whichever of the two is restored from an older copy, the
-- other has what it brought back erased again.
create table erased_users (
    user_id   text   not null,
    erased_at bigint not null,
    constraint erased_users_pk primary key (user_id)
);

-- Whose rows are whose: erasing a user asks for all of them, and the database itself does whenever a row of users goes, as one
-- does with each registration (users.rs).
create index mail_outbox_by_user on mail_outbox (user_id);
create index capture_sessions_by_user on capture_sessions (user_id);
create index challenges_by_user on challenges (user_id);
-- Which sessions are long over, and which a link still leads to.
create index capture_sessions_by_end on capture_sessions (expires_at);
create index verification_tokens_by_session on verification_tokens (session_id);
create index verification_tokens_by_end on verification_tokens (expires_at);
-- Events of one address.
create index verification_events_by_email on verification_events (email);

-- From here on chunks are sealed. Uploads under way begin anew, which pages do by themselves.
delete from upload_chunks;
