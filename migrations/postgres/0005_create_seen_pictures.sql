-- Every picture that was scored, by its SHA-256: one that comes again, in whoever's attempt, is a replay.
create table seen_pictures (
    sha256   text   not null,
    event_id text   not null,
    seen_at  bigint not null,
    constraint seen_pictures_pk primary key (sha256)
);
