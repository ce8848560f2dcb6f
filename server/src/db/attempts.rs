//! The attempts of each mailbox, over all its users, sessions and links: when they began, and how they ended. Rows are
//! deleted once they cannot matter any more.

use super::Connection;
use super::row::row;
use super::statement::locking;
use crate::clock::MAY_BE_AHEAD_MS;
use crate::domain::{ChallengeId, UserId};

row! {
    /// An attempt of a mailbox.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Attempt {
        /// When its first cue was told.
        pub began_at: i64,
        /// When it ended, if it has.
        pub ended_at: Option<i64>,
        /// How it ended, if it has.
        pub ended_as: Option<Ending>,
    }
}

/// How an attempt ended, as far as counting is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Ending {
    /// It counts towards the next pause.
    Counted,
    /// The person left it, and it is one of the few that do not count.
    Free,
    /// The person was verified.
    Verified,
}

row! {
    /// An attempt that goes on although nobody can finish it.
    #[derive(Clone, Debug)]
    pub struct Lapsed {
        /// Its challenge.
        pub challenge_id: ChallengeId,
        /// The user that it belongs to.
        pub user_id: UserId,
        /// The mailbox that it belongs to.
        pub address_key: String,
    }
}

/// Most attempts of a mailbox that are read. Its daily limit allows far fewer.
const MOST: i64 = 1000;

/// Records that an attempt of this mailbox begins.
pub async fn begin(db: &mut Connection, challenge: &ChallengeId, address_key: &str, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "insert into attempts (challenge_id, address_key, began_at) values ($1, $2, $3)
         on conflict (challenge_id) do nothing",
    )
    .bind(challenge)
    .bind(address_key)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

/// Records how an attempt ended. One that has not begun begins at the same time.
pub async fn end(
    db: &mut Connection,
    challenge: &ChallengeId,
    address_key: &str,
    ended_as: Ending,
    ended_at: i64,
) -> sqlx::Result<()> {
    db.query(
        "insert into attempts (challenge_id, address_key, began_at, ended_at, ended_as) values ($1, $2, $3, $3, $4)
         on conflict (challenge_id) do update set ended_at = excluded.ended_at, ended_as = excluded.ended_as",
    )
    .bind(challenge)
    .bind(address_key)
    .bind(ended_at)
    .bind(ended_as)
    .execute()
    .await?;
    Ok(())
}

/// Deletes an attempt that a fault of ours ended.
pub async fn forget(db: &mut Connection, challenge: &ChallengeId) -> sqlx::Result<()> {
    db.query("delete from attempts where challenge_id = $1").bind(challenge).execute().await?;
    Ok(())
}

/// Whether the challenge has begun an attempt: whether it told its first cue.
pub async fn has_begun(db: &mut Connection, challenge: &ChallengeId) -> sqlx::Result<bool> {
    let (rows,): (i64,) =
        db.query("select count(*) from attempts where challenge_id = $1").bind(challenge).fetch_one().await?;
    Ok(rows > 0)
}

/// Returns the attempts of this mailbox that began after `since_ms`, newest first. Ignores rows written by a clock that
/// ran far ahead: nobody should have to wait because of a wrong clock.
pub async fn since(db: &mut Connection, address_key: &str, since_ms: i64, now_ms: i64) -> sqlx::Result<Vec<Attempt>> {
    db.query(
        "select began_at, ended_at, ended_as from attempts where address_key = $1 and began_at > $2 and began_at <= $3
         order by began_at desc limit $4",
    )
    .bind(address_key)
    .bind(since_ms)
    .bind(now_ms + MAY_BE_AHEAD_MS)
    .bind(MOST)
    .fetch_all()
    .await
}

/// Returns up to `limit` attempts that go on although their challenge has expired, or has been claimed until before
/// `lost_before` by a process that died. Oldest first.
pub async fn lapsed(db: &mut Connection, now_ms: i64, lost_before: i64, limit: u32) -> sqlx::Result<Vec<Lapsed>> {
    db.query(
        "select a.challenge_id, c.user_id, a.address_key from attempts a join challenges c on c.id = a.challenge_id
         where a.ended_at is null and a.began_at <= $1
           and ((c.state = 'issued' and c.expires_at <= $1) or (c.state = 'scoring' and c.lease_until <= $2))
         order by a.began_at limit $3",
    )
    .bind(now_ms)
    .bind(lost_before)
    .bind(i64::from(limit))
    .fetch_all()
    .await
}

/// As [`lapsed`], of one mailbox.
pub async fn lapsed_of(
    db: &mut Connection,
    address_key: &str,
    now_ms: i64,
    lost_before: i64,
) -> sqlx::Result<Vec<Lapsed>> {
    db.query(
        "select a.challenge_id, c.user_id, a.address_key from attempts a join challenges c on c.id = a.challenge_id
         where a.address_key = $1 and a.ended_at is null
           and ((c.state = 'issued' and c.expires_at <= $2) or (c.state = 'scoring' and c.lease_until <= $3))
         order by a.began_at limit $4",
    )
    .bind(address_key)
    .bind(now_ms)
    .bind(lost_before)
    .bind(MOST)
    .fetch_all()
    .await
}

/// Deletes up to `limit` attempts that began before `before_ms`, and as many failures that servers of an older version
/// counted. Returns the larger number.
pub async fn discard_before(db: &mut Connection, before_ms: i64, limit: u32) -> sqlx::Result<u64> {
    let attempts = db
        .query(locking!(
            "delete from attempts where challenge_id in (
                 select challenge_id from attempts where began_at < $1 order by began_at limit $2",
            "for update skip locked",
            ")"
        ))
        .bind(before_ms)
        .bind(i64::from(limit))
        .execute()
        .await?;
    let failures = db
        .query(locking!(
            "delete from counted_failures where challenge_id in (
                 select challenge_id from counted_failures where failed_at < $1 order by failed_at limit $2",
            "for update skip locked",
            ")"
        ))
        .bind(before_ms)
        .bind(i64::from(limit))
        .execute()
        .await?;
    Ok(attempts.max(failures))
}
