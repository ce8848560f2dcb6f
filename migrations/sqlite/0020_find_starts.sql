-- The latest start of a server, to say which settings changed since.
create index audit_entries_starts on audit_entries (created_at, id) where action = 'server_started';
