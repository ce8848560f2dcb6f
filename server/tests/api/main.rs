//! The server by its routes: real router, real SQLite file, real engine, mails caught as files.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod admin;
mod assets;
mod challenge;
mod concurrency;
mod faults;
mod guard;
mod helpers;
mod hostile;
mod logs;
mod mail_smtp;
mod parcel;
mod pixels;
mod register;
mod session;
mod start;
mod submission;
mod upload;
mod verify;
mod workers;
