//! Prompt rounds: the cue of each round of a prompted challenge, and the browser's commitment.

use engine::prompt::{Commitment, Cue, Gesture, Outcome};

use super::Connection;
use super::row::row;
use crate::domain::ChallengeId;

/// A round of a prompted challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptRound {
    /// The revealed cue.
    pub cue: Cue,
    /// When it was first revealed.
    pub revealed_at: i64,
    /// How the round ended, if it has.
    pub end: Option<RoundEnd>,
}

/// The end of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundEnd {
    /// The commitment.
    pub commitment: String,
    /// The outcome reported by the browser.
    pub outcome: Outcome,
    /// When the browser reported it.
    pub committed_at: i64,
}

row! {
    struct CueRow {
        round: u32 as i64,
        step: u32 as i64,
        gesture: String,
        delay_ms: u32 as i64,
        hold_ms: u32 as i64,
        revealed_at: i64,
        commitment: Option<String>,
        outcome: Option<String>,
        committed_at: Option<i64>,
    }
}

/// Returns the challenge's rounds, oldest first.
pub async fn list(db: &mut Connection, challenge: &ChallengeId) -> sqlx::Result<Vec<PromptRound>> {
    let rows: Vec<CueRow> = db
        .query(
            "select round, step, gesture, delay_ms, hold_ms, revealed_at, commitment, outcome, committed_at
         from challenge_cues where challenge_id = $1 order by round",
        )
        .bind(challenge)
        .fetch_all()
        .await?;
    rows.into_iter().map(PromptRound::try_from).collect()
}

/// Stores a cue that is revealed now.
pub async fn insert(db: &mut Connection, challenge: &ChallengeId, cue: &Cue, now_ms: i64) -> sqlx::Result<()> {
    db.query(
        "insert into challenge_cues (challenge_id, round, step, gesture, delay_ms, hold_ms, revealed_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(challenge)
    .bind(i64::from(cue.round))
    .bind(i64::from(cue.step))
    .bind(word(&cue.gesture)?)
    .bind(i64::from(cue.delay_ms))
    .bind(i64::from(cue.hold_ms))
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

/// Stores the end of a round, unless it has ended already.
pub async fn end(
    db: &mut Connection,
    challenge: &ChallengeId,
    commitment: &Commitment,
    now_ms: i64,
) -> sqlx::Result<()> {
    db.query(
        "update challenge_cues set commitment = $3, outcome = $4, committed_at = $5
         where challenge_id = $1 and round = $2 and commitment is null",
    )
    .bind(challenge)
    .bind(i64::from(commitment.round))
    .bind(&commitment.commitment)
    .bind(word(&commitment.outcome)?)
    .bind(now_ms)
    .execute()
    .await?;
    Ok(())
}

impl TryFrom<CueRow> for PromptRound {
    type Error = sqlx::Error;

    fn try_from(row: CueRow) -> sqlx::Result<PromptRound> {
        let CueRow { round, step, gesture, delay_ms, hold_ms, revealed_at, commitment, outcome, committed_at } = row;
        let gesture: Gesture = named(&gesture)?;
        let end = match (commitment, outcome, committed_at) {
            (Some(commitment), Some(outcome), Some(committed_at)) => {
                Some(RoundEnd { commitment, outcome: named(&outcome)?, committed_at })
            }
            _ => None,
        };
        Ok(PromptRound { cue: Cue { round, step, gesture, delay_ms, hold_ms }, revealed_at, end })
    }
}

/// The word that serde writes for a unit variant.
fn word(value: &impl serde::Serialize) -> sqlx::Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(sqlx::Error::Encode(format!("no word: {other:?}").into())),
    }
}

fn named<T: serde::de::DeserializeOwned>(word: &str) -> sqlx::Result<T> {
    serde_json::from_value(word.into()).map_err(|error| sqlx::Error::Decode(error.into()))
}
