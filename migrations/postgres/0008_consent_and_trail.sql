-- What people were told before they switched the camera on, by its SHA-256; empty in challenges from before.
alter table challenges add column consent text not null default '';

-- The trail: one entry per event and per row of audit_entries, each with a hash over the one before, so that nothing can be
-- changed, removed, added or moved without all that follows being written anew (trail/mod.rs).
create table trail_entries (
    number   bigint not null, -- from 1, without gaps
    kind     text   not null, -- event or audit
    entry_id text   not null,
    digest   text   not null, -- SHA-256 of the row's content, hexadecimal
    hash     text   not null, -- SHA-256 over the hash before and all of the above
    constraint trail_entries_pk primary key (number),
    constraint trail_entries_entry_once unique (kind, entry_id)
);

-- Its end, in one row: who adds an entry has it to themselves.
create table trail_head (
    id     bigint not null,
    number bigint not null,
    hash   text   not null,
    begun  bigint not null, -- 1 as soon as the rows from before the trail are in it
    constraint trail_head_pk primary key (id),
    constraint trail_head_single check (id = 1)
);
insert into trail_head (id, number, hash, begun) values (1, 0, '', 0);

-- Of all that is erased with a person, the trail has only this digest, which stays; the salt, without which nobody can try
-- addresses on it, goes: null from then on.
alter table verification_events add column trail_salt text;
alter table verification_events add column trail_personal text;
