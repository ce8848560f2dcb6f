-- Submissions under way: what has arrived of them, until the attempt is decided or can no longer be.
-- In PostgreSQL `blob` is `bytea`.
create table upload_chunks (
    challenge_id    text   not null,
    idempotency_key text   not null, -- of the request that the bytes belong to; the same in all chunks of a challenge
    start           bigint not null, -- bytes before this chunk
    bytes           blob   not null,
    constraint upload_chunks_pk primary key (challenge_id, start),
    constraint upload_chunks_challenge_fk foreign key (challenge_id) references challenges (id)
);
