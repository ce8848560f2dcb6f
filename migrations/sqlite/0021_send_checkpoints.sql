-- Checkpoints of the audit trail that were sent elsewhere: one row for each place.
create table sent_checkpoints (
    place     text   not null,           -- a digest of the setting that names it
    number    bigint not null default 0, -- the last entry that the latest one covers
    sent_at   bigint,                    -- when that was sent
    failures  bigint not null default 0, -- tries since then that failed
    failed_at bigint,                    -- when the last of them failed
    constraint sent_checkpoints_pk primary key (place)
);
