-- Codes that are mailed with a link, for people who stay where they are. The code follows from the server's key, the check and
-- the number; none is stored.
alter table checks add column code_number bigint not null default 0; -- how many were mailed; the last one counts
alter table checks add column code_made_at bigint;
alter table checks add column code_tries bigint not null default 0;  -- wrong ones since then
