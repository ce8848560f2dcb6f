//! The invariants of docs/architecture.md that the text of the sources can show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::modules::Graph;
use crate::sources::{self, PACKAGES, Package, rust_sources};

struct Rule {
    /// As the document says it.
    invariant: &'static str,
    /// The packages it holds in.
    inside: fn(&Package) -> bool,
    /// Words that break it.
    words: &'static [&'static str],
    /// The only files or folders that may contain them.
    except: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        invariant: "the engine has no clock, randomness, file, network, environment, DOM or log",
        inside: |package| package.folder.starts_with("engine") && package.name != "engine-tract",
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
        except: &[],
    },
    Rule {
        invariant: "only the kernels use `unsafe`",
        inside: |_| true,
        words: &["unsafe {", "unsafe fn", "unsafe impl"],
        except: &["engine/compact/src/kernels"],
    },
    Rule {
        invariant: "one file knows tract",
        inside: |_| true,
        words: &["tract_onnx", "tract_core"],
        except: &["engine/tract/src/lib.rs"],
    },
    Rule {
        invariant: "one file knows wasm-bindgen's glue",
        inside: Package::is_shipped,
        words: &["#[wasm_bindgen"],
        except: &["engine-wasm/src/api.rs"],
    },
    Rule {
        invariant: "one folder holds SQL",
        inside: |package| package.name == "server",
        words: &["sqlx::query", "\"select ", "\"insert into ", "\"delete from ", "\"update "],
        except: &["server/src/db"],
    },
    Rule {
        invariant: "one folder reads the environment",
        inside: |package| package.name == "server",
        words: &["env::var", "dotenvy"],
        except: &["server/src/config"],
    },
    Rule {
        invariant: "one file seals",
        inside: |package| package.name == "server",
        words: &["chacha20poly1305"],
        except: &["server/src/sealing.rs"],
    },
    Rule {
        invariant: "captures are decoded in worker processes, and offline by verify-bundle",
        inside: |package| package.name == "server",
        words: &["decide::decide", "engine::decide("],
        except: &["server/src/scoring", "server/src/bundle.rs"],
    },
    Rule {
        invariant: "landmarks are never stored",
        inside: |package| package.name == "server",
        words: &["landmark", "Landmark"],
        except: &["server/src/tools"],
    },
    Rule {
        invariant: "one file holds the mesh's indices",
        inside: |package| package.folder.starts_with("engine"),
        words: &["RIGHT_EYE:", "LEFT_EYE:"],
        except: &["engine/src/mesh/landmarks.rs"],
    },
];

#[test]
fn the_sources_keep_the_invariants() {
    let mut broken = Vec::new();
    for rule in RULES {
        let inside = PACKAGES.iter().filter(|package| (rule.inside)(package) && package.name != "invariants");
        for file in inside.flat_map(|package| rust_sources(&package.folder)) {
            if rule.except.iter().any(|except| file.starts_with(except)) {
                continue;
            }
            for (number, line) in code(&sources::read(file)) {
                if rule.words.iter().any(|word| line.contains(word)) {
                    broken.push(format!("{}:{number}: {}: {}", file.display(), rule.invariant, line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_exception_still_exists_and_is_one() {
    for rule in RULES {
        for except in rule.except {
            let path = sources::root().join(except);
            assert!(path.exists(), "{}: {except} is not there", rule.invariant);
        }
        let files =
            rule.except.iter().flat_map(|except| sources::FILES.iter().filter(move |file| file.starts_with(except)));
        let used = files.map(sources::read).any(|text| rule.words.iter().any(|word| text.contains(word)));
        assert!(used || rule.except.is_empty(), "{}: nothing in its exception needs it", rule.invariant);
    }
}

/// Lines of code with their numbers: neither comments nor what follows `#[cfg(test)]`.
fn code(text: &str) -> Vec<(usize, &str)> {
    let shipped = text.lines().enumerate().take_while(|(_, line)| !line.trim_start().starts_with("#[cfg(test)]"));
    let lines = shipped.filter(|(_, line)| !line.trim_start().starts_with("//"));
    lines.map(|(index, line)| (index + 1, line)).collect()
}

#[test]
fn only_the_commit_follows_an_entry_in_the_trail() {
    let server = PACKAGES.iter().find(|package| package.name == "server").expect("there is a server");
    let (mut entries, mut broken) = (0, Vec::new());
    for file in rust_sources(&server.folder) {
        // Within the trail itself, several entries follow each other.
        if ["server/src/trail", "server/src/audit.rs"].iter().any(|inside| file.starts_with(inside)) {
            continue;
        }
        let text = sources::read(file);
        let mut before_commit = false;
        for (number, line) in code(&text) {
            if is_trail_entry(line) {
                (entries, before_commit) = (entries + 1, true);
            } else if line.contains("tx.commit()") {
                before_commit = false;
            } else if before_commit && (line.contains("&mut tx") || line.contains("fn ")) {
                broken.push(format!("{}:{number}: {}", file.display(), line.trim()));
            }
        }
    }
    assert!(broken.is_empty(), "these hold the audit trail's lock for longer than the commit: {broken:#?}");
    assert!(entries >= 8, "only {entries} entries found; has `audit::note` or `trail::add_event` another name now?");
}

fn is_trail_entry(line: &str) -> bool {
    ["audit::note(&mut tx", "trail::add_event(&mut tx"].iter().any(|call| line.contains(call))
}

#[test]
fn the_servers_modules_use_what_the_architecture_says_they_may() {
    let allowed = may_use();
    let graph = Graph::of(Path::new("server/src/lib.rs"));
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, uses) in graph.uses() {
        let tops = uses.iter().map(|name| name[0].clone()).filter(|top| *top != module[0]);
        used.entry(module[0].clone()).or_default().extend(tops);
    }
    let mut broken = Vec::new();
    for (module, uses) in &used {
        let Some(may) = allowed.get(module) else {
            broken.push(format!("`{module}` has no row"));
            continue;
        };
        let others = uses.iter().filter(|used| !may.contains(*used));
        broken.extend(others.map(|other| format!("`{module}` uses `{other}`")));
    }
    broken.extend(allowed.keys().filter(|row| !used.contains_key(*row)).map(|row| format!("`{row}` is no module")));
    assert!(broken.is_empty(), "docs/architecture.md, \"The server, by noun\": {broken:#?}");
}

/// The third column of the table of the server's modules: what each may use. `all` means every module.
fn may_use() -> BTreeMap<String, BTreeSet<String>> {
    let text = sources::read("docs/architecture.md");
    let section = text.split("### The server, by noun").nth(1).expect("the section is there");
    let section = section.split("\n#").next().unwrap();
    let rows: Vec<Vec<&str>> =
        section.lines().filter(|line| line.starts_with("| `")).map(|line| line.split('|').collect()).collect();
    let everything: BTreeSet<String> = rows.iter().flat_map(|row| names(row[1])).collect();
    let mut allowed = BTreeMap::new();
    for row in &rows {
        let may = if row[3].trim() == "all" { everything.clone() } else { names(row[3]).collect() };
        for module in names(row[1]) {
            assert!(allowed.insert(module.clone(), may.clone()).is_none(), "`{module}` has two rows");
        }
    }
    allowed
}

/// Module names in backticks, without `/` and `.rs`.
fn names(cell: &str) -> impl Iterator<Item = String> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.map(|name| name.trim_end_matches('/').trim_end_matches(".rs").to_owned()).collect::<Vec<_>>().into_iter()
}

#[test]
fn engine_packages_depend_on_nothing_of_the_server_or_the_tools() {
    let engine = PACKAGES.iter().filter(|package| package.folder.starts_with("engine"));
    for package in engine.chain(PACKAGES.iter().filter(|package| package.name == "engine-wasm")) {
        let manifest = sources::read(package.folder.join("Cargo.toml"));
        let own = manifest.split("[dev-dependencies]").next().unwrap();
        for other in PACKAGES.iter().filter(|other| !other.folder.starts_with("engine") && other.name != "engine-wasm")
        {
            let named = own.lines().any(|line| line.starts_with(&format!("{}.", other.name)));
            assert!(!named, "{} depends on {}", package.name, other.name);
        }
    }
}

#[test]
fn what_is_shipped_depends_on_no_tool() {
    for package in PACKAGES.iter().filter(|package| package.is_shipped()) {
        let manifest = sources::read(package.folder.join("Cargo.toml"));
        for tool in PACKAGES.iter().filter(|tool| tool.folder.starts_with("tools") && tool.name != "clip-maker") {
            let named = manifest.lines().any(|line| line.starts_with(&format!("{}.", tool.name)));
            assert!(!named, "{} depends on {}, even if only in tests", package.name, tool.name);
        }
    }
}

#[test]
fn every_package_is_walked() {
    let folders: Vec<PathBuf> = PACKAGES.iter().map(|package| package.folder.clone()).collect();
    let manifests = sources::FILES.iter().filter(|file| file.ends_with("Cargo.toml") && !file.starts_with("fuzz"));
    let found: Vec<PathBuf> = manifests.map(|file| file.parent().unwrap().to_owned()).collect();
    for folder in found.iter().filter(|folder| !folder.as_os_str().is_empty()) {
        assert!(folders.contains(folder), "{} is no member of the workspace", folder.display());
    }
}
