//! Perceptual hashes of scored pictures, for finding near copies in other users' attempts.

use engine::PerceptualHash;
use serde_json::{Value, json};

use super::row::row;
use super::{Connection, Sql};
use crate::domain::{EventId, UserId};

/// What a hash describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The open capture.
    Open,
    /// The closed capture.
    Closed,
    /// The strip.
    Strip,
    /// The face in the open capture, however it is framed and whether or not it is mirrored.
    Face,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Open => "open",
            Part::Closed => "closed",
            Part::Strip => "strip",
            Part::Face => "face",
        }
    }

    /// The hashes to look for: nearly all copies share a row with one of them.
    fn wanted(self, hash: PerceptualHash) -> Vec<PerceptualHash> {
        if self == Part::Face { vec![hash, hash.mirrored()] } else { vec![hash] }
    }

    fn are_near(self, a: &PerceptualHash, b: &PerceptualHash) -> bool {
        if self == Part::Face { a.is_near_face(b) } else { a.is_near(b) }
    }
}

/// For each row of a hash, only this many of the newest pictures with that row are compared. A row shared by thousands
/// of pictures is a plain wall.
const MAX_CANDIDATES: i64 = 100;

/// More events than this do not help a reviewer.
const ENOUGH: usize = 20;

row! {
    struct Candidate {
        event_id: EventId,
        fingerprint: String,
    }
}

/// Returns other users' events whose picture in the same part is a near copy of this one. Some of them, if there are
/// many.
pub async fn near(
    db: &mut Connection,
    user: &UserId,
    (part, hash): (Part, PerceptualHash),
) -> sqlx::Result<Vec<EventId>> {
    let mut near = Vec::new();
    let rows = part.wanted(hash).into_iter().flat_map(|hash| hash.rows().into_iter().enumerate());
    for (number, bits) in rows {
        let candidates: Vec<Candidate> = db
            .query(
                "select event_id, fingerprint from picture_rows
                 where part = $1 and row_number = $2 and bits = $3 and user_id <> $4
                 order by seen_at desc limit $5",
            )
            .bind(part.name())
            .bind(number as i64)
            .bind(i64::from(bits))
            .bind(user)
            .bind(MAX_CANDIDATES)
            .fetch_all()
            .await?;
        for Candidate { event_id, fingerprint: other } in candidates {
            let is_near = PerceptualHash::try_from(other).is_ok_and(|other| part.are_near(&hash, &other));
            if is_near && !near.contains(&event_id) {
                near.push(event_id);
            }
        }
        if near.len() >= ENOUGH {
            break;
        }
    }
    near.truncate(ENOUGH);
    Ok(near)
}

/// Stores the hashes of this event's pictures.
pub async fn note(
    db: &mut Connection,
    (event, user): (&EventId, &UserId),
    parts: &[(Part, PerceptualHash)],
    now_ms: i64,
) -> sqlx::Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "insert into picture_rows (event_id, user_id, part, row_number, bits, fingerprint, seen_at)
            select $2, $3, new.value ->> 'part', new.value ->> 'number', new.value ->> 'bits', new.value ->> 'whole', $4
            from json_each($1) new",
        postgres: "insert into picture_rows (event_id, user_id, part, row_number, bits, fingerprint, seen_at)
            select $2, $3, new.part, new.number, new.bits, new.whole, $4::bigint
            from jsonb_to_recordset($1::jsonb) new (part text, number bigint, bits bigint, whole text)",
    };
    let rows_of = |(part, hash): &(Part, PerceptualHash)| {
        let (part, whole) = (part.name(), hash.to_string());
        let rows = hash.rows().into_iter().enumerate();
        rows.map(move |(number, bits)| json!({ "part": part, "number": number, "bits": bits, "whole": whole }))
    };
    let rows: Value = parts.iter().flat_map(rows_of).collect();
    db.query(INSERT).bind(rows.to_string()).bind(event).bind(user).bind(now_ms).execute().await?;
    Ok(())
}
