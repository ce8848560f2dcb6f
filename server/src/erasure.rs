//! Erasing a person: captures, address and traces go, for good; events keep how an attempt ended, and a pseudonym.
//!
//! The captures' key goes first. From then on no copy of a capture opens, in whatever backup it lies; everything after that
//! may break off and is done again, by whoever calls or by the next sweep.

use serde::Serialize;
use serde_json::json;

use crate::audit::{self, Action};
use crate::captures::CaptureStore;
use crate::db::erasure::{self, Traces};
use crate::db::users::User;
use crate::db::{Db, Hold, kept};
use crate::domain::{EmailAddress, UserId, UserStatus};
use crate::mail;
use crate::retention::SweepError;

/// What erasing needs of a server, or of a command beside it.
#[derive(Debug)]
pub struct Eraser<'a> {
    /// The database.
    pub db: &'a Db,
    /// The captures.
    pub captures: &'a CaptureStore,
    /// The way out for mails, which may keep copies.
    pub mail: &'a mail::Transport,
}

/// What became of a user, or would.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The user.
    pub user: UserId,
    /// Where they stood.
    pub status: UserStatus,
    /// What there was.
    #[serde(flatten)]
    pub done: Done,
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It is gone.
    Erased(Traces),
    /// It would go.
    WouldErase(Traces),
}

/// A user who was erased and came back is erased by this name.
const RESTORED: &str = "the server, after a restored backup";

/// Returns the users with this address, however its letters are written, and what is kept about each.
///
/// # Errors
/// What the database says.
pub async fn find(db: &Db, email: &EmailAddress) -> sqlx::Result<Vec<(User, Traces)>> {
    let mut db = db.read().await?;
    let mut found = Vec::new();
    for user in erasure::users_at(&mut db, email).await? {
        let traces = erasure::traces(&mut db, &user).await?;
        found.push((user, traces));
    }
    Ok(found)
}

/// Erases the users with this address, however its letters are written, or says what that would remove. Empty if there is none.
///
/// # Errors
/// As [`erase`].
pub async fn at_address(
    eraser: &Eraser<'_>,
    email: &EmailAddress,
    actor: &str,
    really: bool,
    now_ms: i64,
) -> Result<Vec<Report>, SweepError> {
    let mut reports = Vec::new();
    for (user, traces) in find(eraser.db, email).await? {
        let done = match really {
            true => Done::Erased(erase(eraser, &user, actor, now_ms).await?),
            false => Done::WouldErase(traces),
        };
        reports.push(Report { user: user.id, status: user.status, done });
    }
    Ok(reports)
}

/// Erases the user. Returns what there was.
///
/// # Errors
/// [`SweepError`]: not all is erased yet; to be called again.
pub async fn erase(eraser: &Eraser<'_>, user: &User, actor: &str, now_ms: i64) -> Result<Traces, SweepError> {
    let Eraser { db, captures, mail } = eraser;
    captures.erase_key(&user.id).await?;
    let kept = kept::of_address(&mut db.read().await?, user.email.expose()).await?;
    remove(captures, &kept).await?;

    let mut tx = db.write(Hold::User(&user.id)).await?;
    // What was decided in the meantime.
    let late = kept::of_address(&mut tx, user.email.expose()).await?;
    let mails = erasure::mails_of(&mut tx, &user.id).await?;
    let traces = erasure::traces(&mut tx, user).await?;
    // The trail knows by these that nobody tampered with them.
    let events = erasure::events_of(&mut tx, user).await?;
    erasure::erase(&mut tx, user, &pseudonym(user), now_ms).await?;
    let figures = json!({ "removed": traces, "events": events });
    audit::note(&mut tx, Action::UserErased, actor, &figures, now_ms).await?;
    tx.commit().await?;

    mail.forget(&mails);
    if late != kept {
        captures.erase_key(&user.id).await?;
        remove(captures, &late).await?;
    }
    db.forget_deleted().await?;
    Ok(traces)
}

/// Erases again who was erased and came back with an older copy of the database, or of the keys. Returns how many users that
/// were.
///
/// # Errors
/// As [`erase`].
pub async fn repeat(eraser: &Eraser<'_>, now_ms: i64) -> Result<u64, SweepError> {
    let by_store = eraser.captures.erased().await?;
    let by_database = erasure::erased(&mut eraser.db.read().await?).await?;
    let mut again = 0;
    for id in &by_store {
        let user = erasure::find_user(&mut eraser.db.read().await?, id).await?;
        match user {
            Some(user) => {
                erase(eraser, &user, RESTORED, now_ms).await?;
                again += 1;
            }
            // A submission that was under way may have made a key for nobody.
            None => eraser.captures.remove_key(id).await?,
        }
    }
    for id in by_database.iter().filter(|id| !by_store.contains(id)) {
        eraser.captures.erase_key(id).await?;
    }
    Ok(again)
}

async fn remove(captures: &CaptureStore, kept: &[kept::Kept]) -> Result<(), SweepError> {
    for kept in kept {
        captures.remove(&kept.refs).await?;
    }
    Ok(())
}

/// What the audit calls a user who was erased. The id is random and names nobody.
fn pseudonym(user: &User) -> String {
    format!("erased-{}", user.id)
}
