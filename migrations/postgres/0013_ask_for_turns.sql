-- Whether one of the gestures is a turn of the head: 0 or 1.
alter table challenges add column turn bigint not null default 0;

alter table challenge_cues drop constraint challenge_cues_gesture_known;
alter table challenge_cues add constraint challenge_cues_gesture_known
    check (gesture in ('once', 'twice', 'hold', 'turn_left', 'turn_right'));
