-- Whose turn it is to do what one server does for all: one row for each such task.
create table leases (
    name        text   not null,
    holder      text   not null, -- a random id of the server
    lease_until bigint not null, -- from here on another server may take over
    done_at     bigint,          -- when the task was last done
    constraint leases_pk primary key (name)
);

-- Addresses that were never verified, to be forgotten after a time.
create index users_not_verified on users (updated_at) where status <> 'VERIFIED';

-- When transcript and terms of an event were removed because they had been kept long enough; both are null from then on.
alter table verification_events add column record_removed_at bigint;
create index verification_events_with_record on verification_events (created_at) where transcript is not null;
