-- Submissions under way: what has arrived of them, until the attempt is decided or can no longer be.
create table upload_chunks (
    challenge_id    text   not null,
    idempotency_key text   not null,
    start           bigint not null,
    bytes           bytea  not null,
    constraint upload_chunks_pk primary key (challenge_id, start),
    constraint upload_chunks_challenge_fk foreign key (challenge_id) references challenges (id)
);
