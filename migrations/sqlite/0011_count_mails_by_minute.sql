-- The language of a mail's words, of those that there were when it was asked for; none for the words that everybody gets.
alter table mail_outbox add column language text;

-- How many mails were taken for anybody, by the minute: each registration counts those of the last hour, which may be a million.
create table mails_by_minute (
    began_at bigint not null,
    mails    bigint not null,
    constraint mails_by_minute_pk primary key (began_at)
);
insert into mails_by_minute
    select created_at / 60000 * 60000, count(*) from mail_outbox where given_up_at is null or tries > 0 group by 1;

drop index mail_outbox_by_time;
create index mail_outbox_by_time on mail_outbox (created_at);
