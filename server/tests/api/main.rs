//! The server by its routes: real router, real database (SQLite, or PostgreSQL by TEST_DATABASE_URL), real engine, mails
//! caught as files.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod abuse;
mod admin;
mod assets;
mod captures;
mod challenge;
mod concurrency;
mod crash;
mod database;
mod doctor;
mod erasure;
mod faults;
mod forged;
mod freshness;
mod guard;
mod helpers;
mod hostile;
mod inventory;
mod logs;
mod mail_resend;
mod mail_smtp;
mod openapi;
mod parcel;
mod pixels;
mod postgres;
mod program;
mod prompted;
mod readiness;
mod register;
mod retention;
mod secrets;
mod session;
mod several;
mod start;
mod stores;
mod submission;
mod takeover;
mod upload;
mod verify;
mod workers;
