//! The program `blinkgate`.

mod subcommands;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use server::config::Config;
use server::runtime::Runtime;
use server::tools::NewKey;
use server::{doctor, mail, scoring, serve, tools};
use subcommands::{Keys, SecondFactor, SigningKeys, Sites};

/// Verifies that a live person controls a mailbox: a mailed link, a blink at the camera, a decision on the server.
///
/// Settings come from the environment and from a .env file in the current folder (ENV_FILE names a different file).
/// Without settings, it serves http://localhost:8080, stores its data under data/ and writes mails to data/outbox/.
#[derive(Parser)]
#[command(name = "blinkgate", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the pages and the API (the default)
    Serve,
    /// Run the database migrations and exit
    Migrate,
    /// Print what the engine sees in a JPEG or PNG picture, as one JSON object
    Inspect {
        /// The picture
        image: PathBuf,
        /// The runtime of the networks
        #[arg(long, value_enum, default_value_t)]
        runtime: Runtime,
    },
    /// Run the engine on a recorded clip and print one JSON line per frame and per blink, then a summary
    ///
    /// Any video, with its own frames and times:
    ///
    /// ffmpeg -i clip.mp4 -fps_mode passthrough -enc_time_base 1:1000 -f mkvtimestamp_v2 clip.times
    ///
    /// ffmpeg -i clip.mp4 -fps_mode passthrough -f yuv4mpegpipe -pix_fmt yuv420p - | blinkgate replay - --times clip.times
    Replay {
        /// A Y4M file, a folder of JPEG or PNG files, or - for Y4M from standard input
        video: PathBuf,
        /// Frames per second, for a folder
        #[arg(long, default_value_t = 25.0)]
        fps: f64,
        /// A file with the time of each frame in milliseconds, one per line
        #[arg(long, value_name = "FILE", conflicts_with = "fps")]
        times: Option<PathBuf>,
        /// The runtime of the networks
        #[arg(long, value_enum, default_value_t)]
        runtime: Runtime,
    },
    /// Write the complete evidence of an event's decision into a folder
    ExportBundle {
        /// The event's id, as /admin/events shows it
        event: String,
        /// The folder; created if absent
        folder: PathBuf,
    },
    /// Repeat the decision of a bundle offline and print one JSON object; exits 1 if the result differs
    VerifyBundle {
        /// The folder that export-bundle wrote
        folder: PathBuf,
        /// The runtime of the networks
        #[arg(long, value_enum, default_value_t)]
        runtime: Runtime,
    },
    /// Print the signed state of the audit's trail; keep it where this server cannot reach it
    Checkpoint {
        /// Print the key that verifies checkpoints
        #[arg(long)]
        public_key: bool,
    },
    /// Verify the audit's trail and print one JSON object; exits 1 if something was tampered with
    ///
    /// With a checkpoint that was kept elsewhere, it also detects a truncated or completely rewritten trail.
    VerifyLog {
        /// A file with a checkpoint; may be repeated
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
        /// The key that signed them, as printed by checkpoint --public-key [default: this server's key]
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Check each part with the current settings and report what is wrong and how to fix it; exits 1 if any check fails
    Doctor {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Ask the server running here with the current settings whether it works; exits 1 if not
    Health {
        /// Ask whether it is ready for requests: database, captures' store and scoring
        #[arg(long)]
        ready: bool,
    },
    /// Send a test mail by every configured transport and report each result
    SendTestEmail {
        /// The recipient
        address: String,
    },
    /// Erase a person's captures, address and traces; without --yes, only report what would be removed
    ///
    /// Events keep how each attempt ended, under a pseudonym. For backups see docs/captures.md.
    Erase {
        /// The e-mail address
        email: String,
        /// Really erase
        #[arg(long)]
        yes: bool,
        /// Who does it, for the audit [default: the system user]
        #[arg(long)]
        by: Option<String>,
    },
    /// Create, list and revoke keys for parts of /admin, and for sites
    #[command(subcommand)]
    Keys(Keys),
    /// Add, change and list the sites that rely on this server
    #[command(subcommand)]
    Sites(Sites),
    /// List and replace the keys that sign results
    #[command(subcommand)]
    SigningKeys(SigningKeys),
    /// Copy the database, and captures stored in files, into a new folder; the server may be running
    ///
    /// Also lists what else a restored server needs. How to restore: docs/backup.md.
    Backup {
        /// The folder; new or empty
        folder: PathBuf,
        /// Also copy the keys: anybody with the folder can then open the captures, even of people erased later
        #[arg(long)]
        with_keys: bool,
    },
    /// Replace CAPTURE_MASTER_KEY_OLD with CAPTURE_MASTER_KEY for all captures' keys and print one JSON object
    ///
    /// Can be interrupted and run again while servers with both settings are running. Instructions: docs/backup.md.
    RotateMasterKey {
        /// Who does it, for the audit [default: the system user]
        #[arg(long)]
        by: Option<String>,
    },
    /// Score captures for a server (started by the server itself)
    #[command(hide = true)]
    ScoreWorker {
        /// The runtime of the networks
        #[arg(long, value_enum)]
        runtime: Runtime,
        /// A folder with the models, instead of the embedded ones
        #[arg(long)]
        models_dir: Option<PathBuf>,
        /// Processor time for one submission
        #[arg(long)]
        cpu_seconds: u64,
        /// Memory limit in bytes
        #[arg(long)]
        address_space: u64,
    },
}

fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("blinkgate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve => wait_for(serve::serve(Config::load()?)),
        Command::Migrate => wait_for(serve::migrate(Config::load()?)),
        Command::Doctor { json } => {
            let well = wait_for(doctor::run(json))?;
            anyhow::ensure!(well, "at least one check failed");
            Ok(())
        }
        Command::Health { ready } => wait_for(async { tools::health::ask(&Config::load()?, ready).await }),
        Command::SendTestEmail { address } => {
            wait_for(async { mail::send_test_email(&Config::load()?, &address).await })
        }
        Command::Inspect { image, runtime } => tools::print_inspection(&image, runtime),
        Command::Replay { video, fps, times, runtime } => tools::print_replay(&video, fps, times.as_deref(), runtime),
        Command::ExportBundle { event, folder } => {
            wait_for(async { tools::export_bundle(&Config::load()?, &event, &folder).await })
        }
        Command::VerifyBundle { folder, runtime } => {
            let same = tools::print_verification(&folder, runtime)?;
            anyhow::ensure!(same, "the result differs from the server's decision");
            Ok(())
        }
        Command::Checkpoint { public_key: true } => tools::print_public_key(&Config::load()?),
        Command::Checkpoint { public_key: false } => {
            wait_for(async { tools::print_checkpoint(&Config::load()?).await })
        }
        Command::VerifyLog { checkpoint, key } => {
            let well =
                wait_for(async { tools::print_log_verification(&Config::load()?, &checkpoint, key.as_deref()).await })?;
            anyhow::ensure!(well, "the trail was tampered with");
            Ok(())
        }
        Command::Erase { email, yes, by } => {
            wait_for(async { tools::erase(&Config::load()?, &email, by.as_deref(), yes).await })
        }
        Command::Keys(keys) => wait_for(async {
            let config = Config::load()?;
            match keys {
                Keys::Add { name, scope, site, test, days } => {
                    let new = NewKey { name: &name, scopes: scope, site: site.as_deref(), test, days };
                    tools::add_key(&config, new).await
                }
                Keys::List => tools::list_keys(&config).await,
                Keys::SecondFactor(SecondFactor::Add { key }) => tools::add_second_factor(&config, &key).await,
                Keys::SecondFactor(SecondFactor::Remove { key }) => tools::remove_second_factor(&config, &key).await,
                Keys::Revoke { key } => tools::revoke_key(&config, &key).await,
            }
        }),
        Command::Sites(sites) => wait_for(async {
            let config = Config::load()?;
            match sites {
                Sites::Add { id, fields } => tools::add_site(&config, &id, fields).await,
                Sites::Set { id, fields } => tools::set_site(&config, &id, fields).await,
                Sites::List => tools::list_sites(&config).await,
            }
        }),
        Command::SigningKeys(SigningKeys::List) => wait_for(async { tools::list_signing_keys(&Config::load()?).await }),
        Command::SigningKeys(SigningKeys::Rotate { revoke_old }) => {
            wait_for(async { tools::rotate_signing_key(&Config::load()?, revoke_old).await })
        }
        Command::Backup { folder, with_keys } => {
            wait_for(async { tools::back_up(&Config::load()?, &folder, with_keys).await })
        }
        Command::RotateMasterKey { by } => {
            wait_for(async { tools::rotate_master_key(&Config::load()?, by.as_deref()).await })
        }
        Command::ScoreWorker { runtime, models_dir, cpu_seconds, address_space } => {
            scoring::run(runtime, models_dir.as_deref(), cpu_seconds, address_space)
        }
    }
}

fn wait_for<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
