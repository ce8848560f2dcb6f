//! No two files import each other in a circle.

use std::collections::BTreeSet;
use std::path::Path;

use crate::modules::Graph;
use crate::sources::PACKAGES;

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for package in PACKAGES.iter() {
        for root in &package.roots {
            circles.extend(Graph::of(root).circles());
        }
    }
    assert!(circles.is_empty(), "{}", circles.join("\n\n"));
}

#[test]
fn a_circle_is_found_and_named_with_its_imports() {
    let files = [
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a.rs", "use crate::b::B; pub struct A;"),
        ("src/b/mod.rs", "mod inner; pub use inner::B;"),
        ("src/b/inner.rs", "pub struct B; fn f() -> Vec<crate::c::C> { vec![] }"),
        ("src/c.rs", "pub struct C; fn f() { println!(\"{}\", crate::a::NAME); }"),
    ];
    let circles = graph(&files).circles();
    assert_eq!(circles.len(), 1, "{circles:?}");
    for import in ["src/a.rs uses src/b/inner.rs", "src/b/inner.rs uses src/c.rs", "src/c.rs uses src/a.rs"] {
        assert!(circles[0].contains(import), "{import} in {}", circles[0]);
    }
}

#[test]
fn a_folder_that_uses_its_child_may_not_be_used_by_it() {
    let child = ("src/b/inner.rs", "use super::LIMIT; pub struct B;");
    let uses = ("src/b/mod.rs", "mod inner; pub use inner::B; pub const LIMIT: u32 = 1; fn f(b: B) {}");
    assert_eq!(graph(&[("src/lib.rs", "mod b;"), uses, child]).circles().len(), 1);
    let re_exports = ("src/b/mod.rs", "mod inner; pub use inner::B; pub const LIMIT: u32 = 1;");
    assert_eq!(graph(&[("src/lib.rs", "mod b;"), re_exports, child]).circles().len(), 0);
}

#[test]
fn tests_and_the_root_make_no_circle() {
    let files = [
        ("src/lib.rs", "mod a; pub use a::A; pub const X: u32 = 1; fn f(a: A) {}"),
        ("src/a.rs", "pub struct A(crate::B); mod b { use super::A; } #[cfg(test)] mod tests { use crate::a::A; }"),
    ];
    assert_eq!(graph(&files).circles(), Vec::<String>::new());
}

fn graph(files: &[(&str, &str)]) -> Graph {
    let paths: BTreeSet<&str> = files.iter().map(|(path, _)| *path).collect();
    Graph::read(Path::new(files[0].0), &|path| {
        let path = path.to_str()?;
        paths.contains(path).then(|| files.iter().find(|file| file.0 == path).unwrap().1.to_owned())
    })
}
