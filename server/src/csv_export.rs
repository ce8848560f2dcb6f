//! CSV that is safe to open in spreadsheets: every field is guarded against being run as a formula.

use std::borrow::Cow;

/// Characters at the start of a field that make spreadsheets treat it as a formula, in ASCII and full-width.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];

/// Returns the field, with a leading `'` if a spreadsheet would treat it as a formula.
pub fn guard(field: &str) -> Cow<'_, str> {
    if field.starts_with(FORMULA_STARTS) { Cow::Owned(format!("'{field}")) } else { Cow::Borrowed(field) }
}

/// Writes rows as CSV (RFC 4180), each field guarded.
///
/// # Errors
/// The rows differ in length.
pub fn write<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> csv::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|field| guard(field).into_owned()))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_other_fields_unchanged() {
        for dangerous in ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "\0=1", "＝1", "＋1", "－1", "＠A1"] {
            assert_eq!(guard(dangerous), format!("'{dangerous}"));
        }
        for harmless in ["", "jo@example.com", "a=b", "{\"ear\":-1}", "2026-11-24"] {
            assert_eq!(guard(harmless), harmless);
        }
    }

    #[test]
    fn fields_are_quoted_if_necessary() {
        let rows = [["x", "y"], ["=cmd|' /C calc'!A0", "a,\"b\"\nc"]].map(|row| row.map(str::to_owned));
        let csv = String::from_utf8(write(rows.into_iter()).unwrap()).unwrap();
        assert_eq!(csv, "x,y\r\n'=cmd|' /C calc'!A0,\"a,\"\"b\"\"\nc\"\r\n");
    }
}
