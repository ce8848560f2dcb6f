-- What slows abuse down, where several servers see the same.

-- Attempts that failed and counted, for the pause after several of them. Kept only as long as they can matter.
create table counted_failures (
    challenge_id text   not null,
    address_key  text   not null, -- hash of the folded address, as in mail_outbox
    failed_at    bigint not null,
    constraint counted_failures_pk primary key (challenge_id)
);
create index counted_failures_by_address on counted_failures (address_key, failed_at);
create index counted_failures_by_time on counted_failures (failed_at);

-- All mails of the last hour are counted at each registration.
create index mail_outbox_by_time on mail_outbox (created_at);

-- Links are used up by user when one of them is verified. From here on `used_at` of verification_tokens says when a link
-- stopped opening sessions: at the verification, or where TOKEN_SINGLE_REDEEM is set at its first use; `session_id` is the
-- last session that it opened.
create index verification_tokens_by_user on verification_tokens (user_id);
