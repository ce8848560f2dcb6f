//! The invariants of docs/architecture.md that the text of the sources can show.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

struct Rule {
    /// For messages.
    invariant: &'static str,
    /// Folders it holds in, from the root of the project.
    inside: &'static [&'static str],
    /// Words that break it.
    words: &'static [&'static str],
    /// The one file or folder that may contain them.
    except: Option<&'static str>,
}

const EVERYWHERE: &[&str] = &[
    "engine/src",
    "engine/tract/src",
    "engine-wasm/src",
    "server/src",
    "tools/clip-maker/src",
    "tools/wasm-package/src",
];

const RULES: [Rule; 6] = [
    Rule {
        invariant: "the engine has no clock, file, network, environment, randomness, DOM or log",
        inside: &["engine/src"],
        words: &[
            "std::time",
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "std::thread",
            "getrandom",
            "rand::",
            "web_sys",
            "js_sys",
            "tracing::",
            "log::",
            "println!",
            "print!(",
        ],
        except: None,
    },
    Rule {
        invariant: "unsafe code stands nowhere",
        inside: EVERYWHERE,
        words: &["unsafe {", "unsafe fn"],
        except: None,
    },
    Rule {
        invariant: "one file knows tract",
        inside: EVERYWHERE,
        words: &["tract_onnx", "tract_core"],
        except: Some("engine/tract/src/lib.rs"),
    },
    Rule {
        invariant: "one file knows wasm-bindgen's glue",
        inside: EVERYWHERE,
        words: &["#[wasm_bindgen"],
        except: Some("engine-wasm/src/api.rs"),
    },
    Rule {
        invariant: "one folder holds SQL",
        inside: &["server/src"],
        words: &["sqlx::query", "select ", "insert into ", "delete from "],
        except: Some("server/src/db"),
    },
    Rule {
        invariant: "one folder reads the environment",
        inside: &["server/src"],
        words: &["env::var", "dotenvy"],
        except: Some("server/src/config"),
    },
];

#[test]
fn the_sources_keep_the_invariants() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut broken = Vec::new();
    for rule in RULES {
        for file in rule.inside.iter().flat_map(|folder| rust_files(&root.join(folder))) {
            let name = file.strip_prefix(&root).unwrap();
            if rule.except.is_some_and(|except| name.starts_with(except)) {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
            for (number, line) in code.filter(|(_, line)| rule.words.iter().any(|word| line.contains(word))) {
                broken.push(format!("{}:{}: {}: {line}", name.display(), number + 1, rule.invariant));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
