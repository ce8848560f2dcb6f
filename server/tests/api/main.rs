//! Tests of the server through its routes, with the real router, database and engine. Mails are files. The database is SQLite,
//! or PostgreSQL if TEST_DATABASE_URL names one.
//!
//! `helpers::TestServer` sends requests to the router in this process; `program::Program` runs the program and is used over
//! HTTP by `test_client`. Modules named `without_postgres` never use PostgreSQL; modules named `measure` print figures.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod abuse;
mod admin;
mod assets;
mod attempts;
mod backup;
mod captures;
mod challenge;
mod checkpoints;
mod concurrency;
mod database;
mod erasure;
mod faults;
mod floods;
mod forged;
mod freshness;
mod guard;
mod handoff;
mod helpers;
mod hostile;
mod inventory;
mod logs;
mod mail_resend;
mod mail_smtp;
mod openapi;
mod operators;
mod pixels;
mod postgres;
mod process;
mod program;
mod prompted;
mod raw_http;
mod readiness;
mod register;
mod retention;
mod rotation;
mod secrets;
mod session;
mod several;
mod sites;
mod small_disk;
mod statements;
mod stores;
mod submission;
mod submit_steps;
mod takeover;
mod trail;
mod upload;
mod verify;
mod without_postgres;
mod workers;
