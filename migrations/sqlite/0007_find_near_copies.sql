-- Fingerprints of the pictures that were scored, row by row, so that one that differs in a few bits is found by the rows that
-- are the same.
create table picture_rows (
    event_id    text   not null,
    user_id     text   not null,
    part        text   not null, -- open, closed, strip
    row_number  bigint not null, -- 0 to 15
    bits        bigint not null,
    fingerprint text   not null,
    seen_at     bigint not null,
    constraint picture_rows_pk primary key (event_id, part, row_number)
);
create index picture_rows_by_bits on picture_rows (part, row_number, bits, seen_at);
create index picture_rows_by_user on picture_rows (user_id);

-- Why somebody should look at an event, JSON; null where nothing asks for it.
alter table verification_events add column review text;
