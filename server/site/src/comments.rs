//! Leaves out of a script what only readers of its source need: comments on lines of their own, empty lines, indentation. It
//! is a third of what the pages' scripts weigh when they are compressed.
//!
//! Lines stay lines. So nothing of the language has to be understood, except that the lines of a template literal are part of
//! the program. `tests/browser/delivery.test.mjs` compares what is sent with the sources, token by token.

/// The script without comments and indentation.
pub(crate) fn strip(script: &str) -> String {
    let mut kept = String::with_capacity(script.len());
    let (mut in_comment, mut in_template) = (false, false);
    for line in script.lines() {
        let code = if in_template { Some(line) } else { code(line.trim(), &mut in_comment) };
        if let Some(code) = code {
            in_template ^= code.matches('`').count() % 2 == 1;
            kept.push_str(code);
            kept.push('\n');
        }
    }
    kept
}

/// What is left of a line, if anything.
fn code<'a>(line: &'a str, in_comment: &mut bool) -> Option<&'a str> {
    if !*in_comment && !line.starts_with("/*") {
        return (!line.is_empty() && !line.starts_with("//")).then_some(line);
    }
    let rest = line.split_once("*/").map(|(_, rest)| rest.trim_start());
    *in_comment = rest.is_none();
    rest.filter(|rest| !rest.is_empty() && !rest.starts_with("//"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_on_their_own_lines_and_white_space_are_left_out() {
        let cases = [
            ("// a\n\nlet a = 1; // b\n", "let a = 1; // b\n"),
            ("  if (a) {\n    b();\n  }", "if (a) {\nb();\n}\n"),
            ("/** one line */\na();", "a();\n"),
            ("/**\n * several\n * lines; b();\n */\na();", "a();\n"),
            ("/** @type {A} */ (a).b();", "(a).b();\n"),
            ("const a = /* c */ 1;", "const a = /* c */ 1;\n"),
            ("a('https://example.org/*');\n  b();", "a('https://example.org/*');\nb();\n"),
            ("a(`\n  // text\n\n  /* text */`);\n  // b", "a(`\n  // text\n\n  /* text */`);\n"),
            ("a(`${b}`, `c`);\n  // d", "a(`${b}`, `c`);\n"),
            ("", ""),
        ];
        for (script, expected) in cases {
            assert_eq!(strip(script), expected, "{script}");
        }
    }
}
