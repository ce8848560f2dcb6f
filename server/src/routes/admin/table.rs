//! CSV tables that are written page by page, so that a long one needs no more memory than a short one.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};

use crate::csv_export;
use crate::routes::error::ApiError;

/// Rows that are in memory at a time.
pub(super) const ROWS: u32 = 200;

/// Lines of a table, and the part that is not written yet.
pub(super) type Lines<T> = Option<(Vec<u8>, Option<T>)>;

/// The part of a table that is not written yet.
pub(super) trait Table: Sized + Send + 'static {
    /// The next lines, and the rest of the table if any. `None` if there are no lines. Holds a connection only while
    /// reading.
    fn lines(self) -> impl Future<Output = Result<Lines<Self>, TableError>> + Send;
}

/// Sends the table as a file. A failure at the beginning becomes an error response; a later one truncates the response,
/// which the client notices.
pub(super) async fn send<const N: usize>(
    name: &str,
    header: [&str; N],
    table: impl Table,
) -> Result<Response, ApiError> {
    let head = csv_export::write([header.map(str::to_owned)].into_iter()).map_err(TableError::from)?;
    let (first, rest) = table.lines().await?.unzip();
    let head = Bytes::from([head, first.unwrap_or_default()].concat());
    let rest = stream::try_unfold(rest.flatten(), |rest| async {
        let Some(table) = rest else { return Ok(None) };
        table.lines().await.map(|lines| lines.map(|(lines, rest)| (Bytes::from(lines), rest)))
    });
    let lines = stream::once(async { Ok::<_, TableError>(head) }).chain(rest);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// Writing a table failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("csv: {0}")]
    Csv(#[from] csv::Error),
}

impl From<TableError> for ApiError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Database(error) => error.into(),
            error @ TableError::Csv(_) => ApiError::Internal(error.to_string()),
        }
    }
}
