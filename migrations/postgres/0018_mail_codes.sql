alter table checks add column code_number bigint not null default 0;
alter table checks add column code_made_at bigint;
alter table checks add column code_tries bigint not null default 0;
