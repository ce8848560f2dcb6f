-- Prompted challenges: what was asked of the browser, when it got to know that, and what it committed to afterwards.
create table challenge_cues (
    challenge_id text   not null,
    round        bigint not null,
    step         bigint not null,
    gesture      text   not null,
    delay_ms     bigint not null,
    hold_ms      bigint not null,
    revealed_at  bigint not null,
    commitment   text,
    outcome      text,
    committed_at bigint,
    constraint challenge_cues_pk primary key (challenge_id, round),
    constraint challenge_cues_challenge_fk foreign key (challenge_id) references challenges (id),
    constraint challenge_cues_gesture_known check (gesture in ('once', 'twice', 'hold')),
    constraint challenge_cues_outcome_known check (outcome in ('done', 'early', 'missed'))
);

-- Frames a second that the browser said it analyses, times ten.
alter table challenges add column rate bigint not null default 0;

-- From these an attempt's decision can be repeated offline, together with the captures and the strip.
alter table verification_events add column policy text not null default 'natural';
alter table verification_events add column strip_ref text;
alter table verification_events add column transcript text;
alter table verification_events add column issued text;
