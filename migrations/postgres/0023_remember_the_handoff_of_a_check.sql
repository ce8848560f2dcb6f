-- How the person of a check came to the device that finished it: `qr`, `link`, or not at all.
alter table checks add column handoff text;
