//! The shape of the project: what is at the top, how long files are, and how long the README is.

use std::collections::BTreeSet;
use std::path::Path;

use crate::sources::{self, FILES};

const MAX_FOLDERS: usize = 14;
const MAX_README_LINES: usize = 150;
const MAX_README_WORDS: usize = 1300;
const MAX_SOURCE_LINES: usize = 300;

/// Tables of texts, a line or two for each.
const TABLES: &[&str] = &["www/assets/admin/texts.js"];

#[test]
fn the_readme_describes_every_folder_at_the_top() {
    let readme = sources::read("README.md");
    let folders: BTreeSet<&str> = FILES.iter().filter_map(|file| Some(file.to_str()?.split_once('/')?.0)).collect();
    let visible: Vec<&&str> = folders.iter().filter(|folder| !folder.starts_with('.')).collect();
    assert!(visible.len() <= MAX_FOLDERS, "{} folders: {visible:?}", visible.len());
    for folder in visible {
        let described = readme.lines().any(|line| {
            line.trim_start_matches(['|', '-', ' ', '`']).starts_with(&format!("{folder}/"))
                && line.len() > folder.len() + 15
        });
        assert!(described, "README.md has no line that describes {folder}/");
    }
}

#[test]
fn the_readme_is_short() {
    let readme = sources::read("README.md");
    let (lines, words) = (readme.lines().count(), readme.split_whitespace().count());
    assert!(lines <= MAX_README_LINES, "{lines} lines");
    assert!(words <= MAX_README_WORDS, "{words} words");
}

#[test]
fn no_source_file_is_too_long_to_read_at_once() {
    let is_source = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let extension = path.extension().map_or("", |extension| extension.to_str().unwrap());
        let in_tests = path.components().any(|part| part.as_os_str() == "tests") && !path.starts_with("tests/client");
        let is_test = in_tests || name == "tests.rs";
        let is_script = path.starts_with("scripts") && extension.is_empty();
        !is_test && (is_script || ["rs", "js", "mjs", "css", "sh", "py"].contains(&extension))
    };
    let tables: Vec<&Path> = TABLES.iter().map(Path::new).collect();
    let sources = FILES.iter().filter(|path| is_source(path) && !tables.contains(&path.as_path()));
    let lengths = sources.map(|path| (path.display(), sources::read(path).lines().count()));
    let long: Vec<String> = lengths
        .filter(|(_, lines)| *lines > MAX_SOURCE_LINES)
        .map(|(path, lines)| format!("{path}: {lines}"))
        .collect();
    assert!(long.is_empty(), "more than {MAX_SOURCE_LINES} lines: {long:#?}");
}
