//! Blinkgate's server: routes, domain, database, mail, captures, scoring and audit.
//!
//! A request passes through [`routes`] → [`verification`] → [`scoring`], [`captures`], [`db`]. Only [`domain`] turns
//! raw text into valid values, only [`config`] reads the environment, only [`db`] contains SQL, only [`clock`] reads
//! the clock.

pub mod app;
pub mod audit;
pub mod backup;
pub mod bundle;
pub mod captures;
pub mod checkpoints;
pub mod checks;
pub mod clock;
pub mod codes;
pub mod config;
pub mod connections;
pub mod consent;
pub mod cool_down;
pub mod csv_export;
pub mod db;
pub mod doctor;
pub mod domain;
pub mod embedded;
pub mod erasure;
pub mod files;
pub mod handoff;
pub mod key_uses;
pub mod locales;
pub mod logging;
pub mod mail;
pub mod metrics;
pub mod rate;
pub mod readiness;
pub mod registration;
pub mod results;
pub mod retention;
pub mod review;
pub mod routes;
pub mod runtime;
pub mod scoring;
pub mod sealing;
pub mod second_factor;
pub mod secrets;
pub mod serve;
pub mod shares;
pub mod starts;
pub mod submission;
pub mod tls;
pub mod tools;
pub mod trail;
pub mod verification;
pub mod webhooks;
