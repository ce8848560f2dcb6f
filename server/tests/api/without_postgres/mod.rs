//! Tests that never use PostgreSQL, even if TEST_DATABASE_URL is set: they start the program without that variable, so
//! on SQLite, or need no database. When the others run on PostgreSQL, `--skip without_postgres::` leaves out these, and
//! the modules of this name beside tests of the same subject.

mod crash;
mod doctor;
mod hostile;
mod start;
