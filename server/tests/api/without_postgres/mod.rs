//! Tests that no PostgreSQL database can take part in, whatever TEST_DATABASE_URL says: they start the program without it in
//! its environment, so on SQLite, or need no database at all. `--skip without_postgres::` leaves them out where the others run
//! on PostgreSQL, with the modules of this name beside tests of the same subject.

mod crash;
mod doctor;
mod hostile;
mod start;
