-- Whether one of the gestures is a turn of the head: 0 or 1.
alter table challenges add column turn bigint not null default 0;

-- SQLite cannot change a constraint, so the table is made anew with the two turns among its gestures.
create table challenge_cues_with_turns (
    challenge_id text   not null,
    round        bigint not null, -- from 0
    step         bigint not null, -- of the challenge, from 0; several rounds may try one
    gesture      text   not null,
    delay_ms     bigint not null,
    hold_ms      bigint not null,
    revealed_at  bigint not null, -- when the cue was first told
    commitment   text,            -- to everything recorded in the round; null while it goes on
    outcome      text,
    committed_at bigint,
    constraint challenge_cues_pk primary key (challenge_id, round),
    constraint challenge_cues_challenge_fk foreign key (challenge_id) references challenges (id),
    constraint challenge_cues_gesture_known check (gesture in ('once', 'twice', 'hold', 'turn_left', 'turn_right')),
    constraint challenge_cues_outcome_known check (outcome in ('done', 'early', 'missed'))
);
insert into challenge_cues_with_turns (challenge_id, round, step, gesture, delay_ms, hold_ms, revealed_at, commitment,
    outcome, committed_at)
select challenge_id, round, step, gesture, delay_ms, hold_ms, revealed_at, commitment, outcome, committed_at
from challenge_cues;
drop table challenge_cues;
alter table challenge_cues_with_turns rename to challenge_cues;
