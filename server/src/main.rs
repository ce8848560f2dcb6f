//! The program `blinkgate`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use server::config::Config;
use server::domain::Scope;
use server::runtime::Runtime;
use server::{doctor, mail, scoring, serve, tools};

/// Verifies that a live person controls a mailbox: a mailed link, a blink at the camera, a decision made by the server.
///
/// Settings come from the environment and from a .env file in the current folder (ENV_FILE names another). Without any,
/// it serves at http://localhost:8080, keeps its data under data/ and writes mails into data/outbox/.
#[derive(Parser)]
#[command(name = "blinkgate", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the pages and the API (what happens without a subcommand)
    Serve,
    /// Bring the database up to date and end
    Migrate,
    /// Print what the engine reads in a JPEG or PNG picture, as one JSON object
    Inspect {
        /// The picture
        image: PathBuf,
        /// What runs the networks
        #[arg(long, value_enum, default_value_t)]
        runtime: Runtime,
    },
    /// Feed a recorded clip through the engine and print one JSON line a frame and a blink, then a summary
    ///
    /// Any video: ffmpeg -i clip.mp4 -f yuv4mpegpipe -pix_fmt yuv420p - | blinkgate replay -
    Replay {
        /// A Y4M file, a folder of JPEG or PNG files, or - for Y4M on standard input
        video: PathBuf,
        /// Frames a second of a folder
        #[arg(long, default_value_t = 25.0)]
        fps: f64,
        /// What runs the networks
        #[arg(long, value_enum, default_value_t)]
        runtime: Runtime,
    },
    /// Write everything that the decision of an event rests on into a folder
    ExportBundle {
        /// The event's id, as /admin/events shows it
        event: String,
        /// The folder; made if absent
        folder: PathBuf,
    },
    /// Take the decision of a bundle again, offline, and print one JSON object; ends with 1 if it comes out otherwise
    VerifyBundle {
        /// The folder that export-bundle wrote
        folder: PathBuf,
        /// What runs the networks
        #[arg(long, value_enum, default_value_t)]
        runtime: Runtime,
    },
    /// Print where the audit's trail stands, signed: keep it where this server cannot reach it
    Checkpoint {
        /// Print the key that checkpoints are verified with
        #[arg(long)]
        public_key: bool,
    },
    /// Go over the audit's trail and print one JSON object; ends with 1 if something was tampered with
    ///
    /// Beside a checkpoint that was kept elsewhere it also finds what was cut off, or written anew as a whole.
    VerifyLog {
        /// A file with a checkpoint; may be given several times
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
        /// The key that signed them, as checkpoint --public-key printed it then; this server's where not given
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Try each part with the present settings, say what is wrong and how to mend it; ends with 1 if something is
    Doctor {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Ask the server that runs here with the present settings whether it answers; ends with 1 if it does not
    Health {
        /// Ask whether it is ready for people: database, captures' store and scoring
        #[arg(long)]
        ready: bool,
    },
    /// Send a mail by every configured way, and say what came of it
    SendTestEmail {
        /// Where it goes
        address: String,
    },
    /// Erase a person: captures, address and traces. Says what it would remove; with --yes it does
    ///
    /// Events keep how each attempt ended, under a pseudonym. Backups need care: see docs/captures.md.
    Erase {
        /// The e-mail address
        email: String,
        /// Do it
        #[arg(long)]
        yes: bool,
        /// Who does it, for the audit; the system's user where not given
        #[arg(long)]
        by: Option<String>,
    },
    /// Make, list and revoke keys that open a part of /admin
    #[command(subcommand)]
    Keys(Keys),
    /// Copy the database, and captures that lie in files, into a new folder, while the server runs or not
    ///
    /// Says what is needed beside it. How to restore it: docs/backup.md.
    Backup {
        /// The folder; made, or empty
        folder: PathBuf,
        /// Copy the keys as well: whoever has the folder can then open the captures, also of who is erased later
        #[arg(long)]
        with_keys: bool,
    },
    /// Seal the captures' keys with CAPTURE_MASTER_KEY where CAPTURE_MASTER_KEY_OLD sealed them; prints one JSON object
    ///
    /// May break off and be run again, beside servers that have both settings. How to: docs/backup.md.
    RotateMasterKey {
        /// Who does it, for the audit; the system's user where not given
        #[arg(long)]
        by: Option<String>,
    },
    /// Score captures for a server, which starts this
    #[command(hide = true)]
    ScoreWorker {
        /// What runs the networks
        #[arg(long, value_enum)]
        runtime: Runtime,
        /// A folder with the models, instead of those inside the program
        #[arg(long)]
        models_dir: Option<PathBuf>,
        /// Processor time for one submission
        #[arg(long)]
        cpu_seconds: u64,
        /// Most bytes of memory
        #[arg(long)]
        address_space: u64,
    },
}

#[derive(Subcommand)]
enum Keys {
    /// Make a key and print it, once: the database keeps only its hash
    Add {
        /// What to call it; no two keys that are in force have one name
        name: String,
        /// What it opens, with commas between
        #[arg(long, value_enum, required = true, value_delimiter = ',')]
        scope: Vec<Scope>,
        /// Days after which it opens nothing any more
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
    },
    /// Print one JSON object for each key: what it opens, when it was made and last used (to the hour), whether it came in an
    /// address
    List,
    /// Revoke a key, from the next request on
    Revoke {
        /// Its name or its id
        key: String,
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
            anyhow::ensure!(well, "something is wrong");
            Ok(())
        }
        Command::Health { ready } => wait_for(async { tools::health::ask(&Config::load()?, ready).await }),
        Command::SendTestEmail { address } => {
            wait_for(async { mail::send_test_email(&Config::load()?, &address).await })
        }
        Command::Inspect { image, runtime } => tools::print_inspection(&image, runtime),
        Command::Replay { video, fps, runtime } => tools::print_replay(&video, fps, runtime),
        Command::ExportBundle { event, folder } => {
            wait_for(async { tools::export_bundle(&Config::load()?, &event, &folder).await })
        }
        Command::VerifyBundle { folder, runtime } => {
            let same = tools::print_verification(&folder, runtime)?;
            anyhow::ensure!(same, "the server decided otherwise");
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
                Keys::Add { name, scope, days } => tools::add_key(&config, &name, scope, days).await,
                Keys::List => tools::list_keys(&config).await,
                Keys::Revoke { key } => tools::revoke_key(&config, &key).await,
            }
        }),
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
