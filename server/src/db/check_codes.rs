//! Codes that were mailed for checks: which one counts, since when, and how often a wrong one was typed.

use super::Connection;
use super::row::row;
use crate::domain::CheckId;

row! {
    /// The code that counts.
    #[derive(Clone, Copy, Debug)]
    pub struct Code {
        /// Its number; 0 if none was mailed.
        pub code_number: i64,
        /// When it was made.
        pub code_made_at: Option<i64>,
        /// How often another one was typed since.
        pub code_tries: i64,
    }
}

/// Makes a new code count. Returns its number.
pub async fn next(db: &mut Connection, check: &CheckId, now_ms: i64) -> sqlx::Result<i64> {
    let (number,) = db
        .query(
            "update checks set code_number = code_number + 1, code_made_at = $2, code_tries = 0 where id = $1
         returning code_number",
        )
        .bind(check)
        .bind(now_ms)
        .fetch_one()
        .await?;
    Ok(number)
}

/// Returns the code that counts.
pub async fn current(db: &mut Connection, check: &CheckId) -> sqlx::Result<Code> {
    db.query("select code_number, code_made_at, code_tries from checks where id = $1").bind(check).fetch_one().await
}

/// Counts a wrong code.
pub async fn count_try(db: &mut Connection, check: &CheckId) -> sqlx::Result<()> {
    db.query("update checks set code_tries = code_tries + 1 where id = $1").bind(check).execute().await?;
    Ok(())
}
