-- Every challenge that showed a cue counts, however it ends.

-- The attempts of a mailbox. A challenge begins one when its first cue is told, or, without cues, when it is decided.
-- One that a fault of ours ended has no row. Kept as long as it can matter.
create table attempts (
    challenge_id text   not null,
    address_key  text   not null, -- hash of the folded address, as in mail_outbox
    began_at     bigint not null,
    ended_at     bigint, -- null while it goes on
    ended_as     text,   -- counted: towards the next pause; free: left by the person, and not counted; verified
    constraint attempts_pk primary key (challenge_id),
    constraint attempts_ended_as_known check (ended_as in ('counted', 'free', 'verified'))
);
create index attempts_by_address on attempts (address_key, began_at);
create index attempts_by_time on attempts (began_at);
create index attempts_going_on on attempts (began_at) where ended_at is null;

-- Pauses that are under way go on. From here on only servers older than this file write counted_failures.
insert into attempts (challenge_id, address_key, began_at, ended_at, ended_as)
    select challenge_id, address_key, failed_at, failed_at, 'counted' from counted_failures;

-- When a fault of ours last kept the challenge from being decided: if nobody finishes it then, nobody pays for it.
alter table challenges add column fault_at bigint;
-- Whether the browser asked for tones although its frame rate needs none: 0 or 1.
alter table challenges add column tone_guided_asked bigint not null default 0;
