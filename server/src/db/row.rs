//! Structs that rows are read into.

use sqlx::error::BoxDynError;

/// Defines a struct and reads it from a row of either database: each field from the column of its name. A field
/// written as `tries: u32 as i64` is stored as `i64` and converted; a value out of range is a
/// [`ColumnDecode`](sqlx::Error::ColumnDecode) error of that column.
///
/// This does what `#[derive(sqlx::FromRow)]` does. The derive comes with `sqlx-macros`, for which cargo compiles sqlx,
/// SQLite, tokio and a hundred other crates a second time.
macro_rules! row {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty $(as $stored:ty)?,)*
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type,)*
        }

        $crate::db::row::row!(@read sqlx::sqlite::SqliteRow, $name { $($field $(as $stored)?,)* });
        $crate::db::row::row!(@read sqlx::postgres::PgRow, $name { $($field $(as $stored)?,)* });
    };
    (@read $row:ty, $name:ident { $($field:ident $(as $stored:ty)?,)* }) => {
        impl sqlx::FromRow<'_, $row> for $name {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                Ok(Self { $($field: $crate::db::row::row!(@get row, $field $(as $stored)?)?,)* })
            }
        }
    };
    (@get $row:ident, $field:ident) => { sqlx::Row::try_get($row, stringify!($field)) };
    (@get $row:ident, $field:ident as $stored:ty) => {
        sqlx::Row::try_get::<$stored, _>($row, stringify!($field))
            .and_then(|stored| $crate::db::row::convert(stored, stringify!($field)))
    };
}
pub(super) use row;

/// Converts the value of a column.
pub(super) fn convert<S, T: TryFrom<S, Error: Into<BoxDynError>>>(stored: S, column: &str) -> sqlx::Result<T> {
    T::try_from(stored).map_err(|error| sqlx::Error::ColumnDecode { index: column.to_owned(), source: error.into() })
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    row! {
        #[derive(Debug)]
        struct Tried {
            name: Option<String>,
            tries: u32 as i64,
        }
    }

    async fn read(text: &'static str) -> Result<Tried, String> {
        let mut db = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::query_as(text).fetch_one(&mut db).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn fields_are_read_by_name_and_converted() {
        assert_eq!(read("values ('a', 7)").await.unwrap_err(), "no column found for name: name");
        let Tried { name, tries } = read("with r (tries, name) as (values (7, 'a')) select * from r").await.unwrap();
        assert_eq!((name.as_deref(), tries), (Some("a"), 7));
        let error = read("with r (tries, name) as (values (-1, null)) select * from r").await.unwrap_err();
        let expected = "error occurred while decoding column tries: out of range integral type conversion attempted";
        assert_eq!(error, expected);
    }
}
