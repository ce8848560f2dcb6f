//! Killed while people submit, at random moments and at those that are likely to cost somebody something (`moments.rs`), and
//! started again on the same data: is everybody's outcome whole?
//!
//! What must hold after each start, seen from outside only:
//! - who is VERIFIED has an event, and its captures can be decoded;
//! - who was told a decision finds it again; nobody's challenge is decided twice;
//! - nobody has fewer attempts than before, since all of them are honest;
//! - whoever was interrupted is decided in the end: at the latest when the lease of the claim is over that died.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use engine::{Thresholds, jpeg};
use fastrand::Rng;
use serde::Serialize;
use serde_json::Value;
use test_client::{Decided, Sent, Served, Studio};

use crate::crowd::{Crowd, Ready};
use crate::moments::{Counts, MOMENTS, Moment, Watch};

/// Names everybody's submission.
const KEY: &str = "crash";
/// Failed attempts that a session has.
const ATTEMPTS: u64 = 5;
/// A claim holds for a minute, then the next who asks may have it.
const LEASE: Duration = Duration::from_secs(75);

/// What is done.
pub struct Crash<'a> {
    /// The program.
    pub program: &'a Path,
    /// The folder of the model files.
    pub models: &'a Path,
    /// Where the server keeps what it keeps.
    pub folder: &'a Path,
    /// Settings beside the policy.
    pub settings: Vec<(&'a str, &'a str)>,
    /// How often it is killed.
    pub kills: usize,
    /// New people for each kill, who submit at once.
    pub people: usize,
    /// Makes the random moments.
    pub seed: u64,
    /// Lets the leases of claims that died end, with the server stopped; to wait for them needs nothing.
    pub pass_leases: Option<&'a dyn Fn()>,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// How often the server was killed.
    pub kills: usize,
    /// How often at which moment; those that did not come in time count as any.
    pub moments: BTreeMap<&'static str, usize>,
    /// Who submitted.
    pub people: usize,
    /// Who was interrupted by a kill.
    pub interrupted: usize,
    /// Who found their challenge claimed by a process that had died, or the server busy, and had to wait.
    pub waited: usize,
    /// Events of verified people.
    pub verified: usize,
    /// What must not be.
    pub problems: Vec<String>,
}

impl Crash<'_> {
    /// Kills and starts, and looks.
    ///
    /// # Errors
    /// The server cannot be started, or people cannot even come up to the camera.
    pub fn run(&self) -> anyhow::Result<Findings> {
        let mut rng = Rng::with_seed(self.seed);
        let mut served = self.start()?;
        let mut crowd = Crowd::new(&served, &Studio::open(self.models)?, &mut Rng::new())?;
        let mut audit = Audit::new();
        let mut people: Vec<Person> = Vec::new();
        let mut usual = Duration::ZERO;
        // Before the first kill one round runs to its end, which tells how long one takes.
        for round in 0..=self.kills {
            people.extend(crowd.gather(self.people)?.into_iter().map(Person::new));
            if round == 0 {
                usual = submit_all(&mut people, |_| Ok(()))?;
            } else {
                let mut watch = Watch::begin(&served.data_dir())?;
                let moment = MOMENTS[round % MOMENTS.len()];
                submit_all(&mut people, |counts| {
                    let came = watch.wait(moment, 2 * usual, counts, &mut rng);
                    *audit.moments.entry(if came { moment } else { Moment::Any }.name()).or_default() += 1;
                    served.kill()
                })?;
                served = self.start()?;
            }
            crowd.return_to(&served);
            people.iter_mut().for_each(|person| person.ready.visitor.site = served.site.clone());
            audit.look(&served, &people)?;
            audit.leave(&mut people);
            if round % 10 == 0 {
                eprintln!("{round} kills; {} people not decided yet", people.len());
            }
        }
        if let Some(pass_leases) = self.pass_leases {
            served.kill()?;
            pass_leases();
            served = self.start()?;
            people.iter_mut().for_each(|person| person.ready.visitor.site = served.site.clone());
        }
        let start = Instant::now();
        while !people.is_empty() && start.elapsed() < LEASE {
            // As many at once as before: all together would turn each other away.
            for few in people.chunks_mut(self.people.max(1)) {
                submit_all(few, |_| Ok(()))?;
            }
            audit.look(&served, &people)?;
            audit.leave(&mut people);
            std::thread::sleep(Duration::from_millis(500));
        }
        audit.problems.extend(people.iter().map(|person| {
            let why = if person.is_claimed { "its claim does not end" } else { "it had no turn" };
            format!("{} is stuck: {why}", person.ready.visitor.email)
        }));
        Ok(audit.findings(self.kills))
    }

    fn start(&self) -> anyhow::Result<Served> {
        let mut settings = vec![("CHALLENGE_POLICY", "natural")];
        settings.extend_from_slice(&self.settings);
        Served::start(self.program, self.folder, &settings)
    }
}

impl Findings {
    /// Whether everybody has the outcome that is due to them, and the kills hit something.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.verified == self.people && self.interrupted > 0
    }
}

/// Somebody who submits until there is a decision.
struct Person {
    ready: Ready,
    began: bool,
    interrupted: bool,
    /// Found the claim of a process that had died.
    waited: bool,
    /// Whether it was so when they asked last.
    is_claimed: bool,
    told: Option<Told>,
}

enum Told {
    Decision(Decided),
    /// A refusal that no retry helps against.
    Refusal(String),
}

impl Person {
    fn new(ready: Ready) -> Person {
        Person { ready, began: false, interrupted: false, waited: false, is_claimed: false, told: None }
    }

    /// Submits, or goes on where it broke off.
    fn submit(&mut self, counts: &Counts) {
        let Ready { visitor, parcel, .. } = &self.ready;
        let sent = if self.began {
            visitor.resume(KEY, parcel)
        } else {
            visitor.upload(KEY, parcel).and_then(|refused| match refused {
                Some(refused) => Ok(refused),
                None => {
                    counts.asked.fetch_add(1, Ordering::Relaxed);
                    visitor.decide(KEY, parcel)
                }
            })
        };
        self.began = true;
        if matches!(sent, Ok(Sent::Decided(_))) {
            counts.answered.fetch_add(1, Ordering::Relaxed);
        }
        self.is_claimed = matches!(&sent, Ok(Sent::Later { code, .. }) if code == "submission_in_progress");
        match sent {
            Ok(Sent::Decided(decided)) => self.told = Some(Told::Decision(decided)),
            Ok(Sent::Refused(answer)) => self.told = Some(Told::Refusal(answer.text)),
            Ok(Sent::Later { .. }) => self.waited |= self.is_claimed,
            // Nothing came back: the server was killed.
            Err(_) => self.interrupted = true,
        }
    }
}

/// All submit at once, each once, while `meanwhile` is done. How long it took.
fn submit_all(
    people: &mut [Person],
    meanwhile: impl FnOnce(&Counts) -> anyhow::Result<()>,
) -> anyhow::Result<Duration> {
    let (start, counts) = (Instant::now(), Counts::default());
    std::thread::scope(|scope| {
        for person in people {
            scope.spawn(|| person.submit(&counts));
        }
        meanwhile(&counts)
    })?;
    Ok(start.elapsed())
}

/// What was seen so far.
struct Audit {
    /// The event of each challenge.
    events: HashMap<String, String>,
    people: usize,
    interrupted: usize,
    waited: usize,
    moments: BTreeMap<&'static str, usize>,
    problems: Vec<String>,
}

impl Audit {
    fn new() -> Audit {
        let (events, moments) = (HashMap::new(), BTreeMap::new());
        Audit { events, people: 0, interrupted: 0, waited: 0, moments, problems: Vec::new() }
    }

    /// Looks at the events that are new, and at everybody's session.
    fn look(&mut self, served: &Served, people: &[Person]) -> anyhow::Result<()> {
        for event in served.events()? {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            match self.events.insert(text("challenge_id"), text("id")) {
                None => self.look_at(served, &event),
                Some(id) if id == text("id") => {}
                Some(_) => self.problems.push(format!("decided twice: {event}")),
            }
        }
        for person in people {
            let session = person.ready.visitor.session()?;
            let has_event = self.events.contains_key(&person.ready.parcel.challenge);
            if (session["status"] == "VERIFIED") != has_event || session["attempts_left"] != ATTEMPTS {
                self.problems.push(format!("event {has_event}, session {session}"));
            }
            match &person.told {
                None => {}
                Some(Told::Decision(Decided { verified: true, attempts_left: ATTEMPTS, .. })) if has_event => {}
                Some(Told::Decision(told)) => self.problems.push(format!("told {told:?}, event {has_event}")),
                Some(Told::Refusal(text)) => self.problems.push(text.clone()),
            }
        }
        Ok(())
    }

    /// All are honest, so an event is of somebody verified, and names two pictures.
    fn look_at(&mut self, served: &Served, event: &Value) {
        let readable = |name: &str| {
            let bytes = served.capture(event[name].as_str()?).ok()?;
            jpeg::decode(&bytes, &Thresholds::V4.capture).ok()
        };
        let has_both = ["open_capture_ref", "closed_capture_ref"].into_iter().all(|name| readable(name).is_some());
        if event["status"] != "VERIFIED" || !has_both {
            self.problems.push(format!("captures {has_both}: {event}"));
        }
    }

    /// Who was told something may leave.
    fn leave(&mut self, people: &mut Vec<Person>) {
        for person in people.extract_if(.., |person| person.told.is_some()) {
            self.people += 1;
            self.interrupted += usize::from(person.interrupted);
            self.waited += usize::from(person.waited);
        }
    }

    fn findings(self, kills: usize) -> Findings {
        let Audit { events, people, interrupted, waited, moments, problems } = self;
        Findings { kills, moments, people, interrupted, waited, verified: events.len(), problems }
    }
}
