//! What the documents name exists: links, their anchors, and paths of the project.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::sources::{self, FILES};

/// Folders that building makes, and places outside the project.
const NOT_IN_THE_PROJECT: &[&str] = &["target/", "data/", "www/pkg", ".cache/", "../shared/", "deploy/secrets"];

fn documents() -> impl Iterator<Item = &'static PathBuf> {
    FILES.iter().filter(|file| file.extension().is_some_and(|extension| extension == "md"))
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = sources::read(document);
        for link in links(&text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { document.clone() } else { beside(document, path) };
            let known = FILES.contains(&target) || FILES.iter().any(|file| file.starts_with(&target));
            if !known {
                broken.push(format!("{}: {link}", document.display()));
            } else if !anchor.is_empty() && !anchors(&sources::read(&target)).contains(anchor) {
                broken.push(format!("{}: {link}: no such heading", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_path_in_the_documents_exists() {
    let folders: BTreeSet<&str> =
        FILES.iter().filter_map(|file| file.to_str()?.split_once('/')).map(|(top, _)| top).collect();
    let mut broken = Vec::new();
    for document in documents() {
        for code in codes(&sources::read(document)) {
            let path = code.split(|c: char| c.is_whitespace() || c == ':').next().unwrap_or_default();
            let inside = path.split_once('/').is_some_and(|(top, below)| folders.contains(top) && !below.is_empty());
            let literal = !path.contains(['*', '…', '{', '<', '$', '(', '[', '?']);
            if inside && literal && !NOT_IN_THE_PROJECT.iter().any(|other| path.starts_with(other)) {
                let path = Path::new(path.trim_end_matches('/'));
                if !FILES.iter().any(|file| file.starts_with(path)) {
                    broken.push(format!("{}: `{code}`", document.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// A link's target, relative to the project's root.
fn beside(document: &Path, link: &str) -> PathBuf {
    let mut path = document.parent().unwrap().to_owned();
    for part in Path::new(link).components() {
        match part {
            std::path::Component::ParentDir => assert!(path.pop(), "{}: {link}", document.display()),
            std::path::Component::CurDir => {}
            other => path.push(other),
        }
    }
    path
}

fn parse(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

fn links(text: &str) -> Vec<String> {
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.to_string()),
        _ => None,
    };
    parse(text).filter_map(target).collect()
}

fn codes(text: &str) -> Vec<String> {
    parse(text).filter_map(|event| if let Event::Code(code) = event { Some(code.to_string()) } else { None }).collect()
}

/// Names of the headings as Git hosts make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let (mut anchors, mut heading) = (BTreeSet::new(), None::<String>);
    for event in parse(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let kept = heading.take().unwrap_or_default().to_lowercase().replace(' ', "-");
                anchors.insert(kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect());
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    anchors
}
