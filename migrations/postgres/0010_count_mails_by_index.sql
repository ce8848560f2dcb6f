-- Each registration counts the mails of the last hour and looks for those that were held back before it: from indexes alone, so that
-- it takes no longer for all the mails that have left.
drop index mail_outbox_by_time;
create index mail_outbox_by_time on mail_outbox (created_at, given_up_at, tries);
create index mail_outbox_held_back on mail_outbox (created_at) where given_up_at is not null and tries = 0;
