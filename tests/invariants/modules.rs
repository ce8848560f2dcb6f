//! Which file of a crate uses which: read from its `use` declarations and paths, without what is compiled for tests only.
//!
//! A re-export does not use what it names, unless the same file uses the name; an import of it uses the file that
//! defines it. The crate's root is left out: it declares everything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, UseTree, Visibility};

use crate::sources;

type Names = Vec<String>;

/// The files of one crate.
pub struct Graph {
    /// By module path below the crate's root, which is empty.
    modules: BTreeMap<Names, Module>,
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    children: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths outside `use` declarations.
    paths: Vec<Names>,
}

struct Import {
    path: Names,
    /// The name that it has here; none for a glob.
    name: Option<String>,
    exported: bool,
}

impl Graph {
    /// The crate whose root this file is, relative to the project's root.
    pub fn of(root: &Path) -> Self {
        Self::read(root, &|path| std::fs::read_to_string(sources::root().join(path)).ok())
    }

    /// As [`Graph::of`], with files from elsewhere.
    pub fn read(root: &Path, text: &dyn Fn(&Path) -> Option<String>) -> Self {
        let mut graph = Self { modules: BTreeMap::new() };
        graph.add(Vec::new(), root, root.parent().unwrap(), text);
        graph
    }

    fn add(&mut self, name: Names, file: &Path, folder: &Path, text: &dyn Fn(&Path) -> Option<String>) {
        let parsed =
            syn::parse_file(&text(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut reader = Reader { module: Module { file: file.to_owned(), ..Module::default() }, inner: 0 };
        reader.visit_file(&parsed);
        for child in reader.module.children.clone() {
            let (flat, nested) = (folder.join(format!("{child}.rs")), folder.join(&child).join("mod.rs"));
            let path = if text(&flat).is_some() { flat } else { nested };
            // A child without a file is a bug in this reader, or has a `#[path]`; neither may pass unnoticed.
            assert!(text(&path).is_some(), "{}: `mod {child}` has no file", file.display());
            let name = [name.clone(), vec![child.clone()]].concat();
            self.add(name, &path, &folder.join(&child), text);
        }
        self.modules.insert(name, reader.module);
    }

    /// Which module uses which others, by name; without the root.
    pub fn uses(&self) -> BTreeMap<&Names, BTreeSet<Names>> {
        let inner = self.modules.iter().filter(|(name, _)| !name.is_empty());
        inner.map(|(name, module)| (name, self.used_by(name, module))).collect()
    }

    fn used_by(&self, name: &Names, module: &Module) -> BTreeSet<Names> {
        let first_names: BTreeSet<&String> = module.paths.iter().map(|path| &path[0]).collect();
        let imports = module
            .imports
            .iter()
            .filter(|import| !import.exported || import.name.as_ref().is_some_and(|name| first_names.contains(name)));
        let paths = imports.map(|import| &import.path).chain(&module.paths);
        let mut used: BTreeSet<Names> = paths.filter_map(|path| self.resolve(name, path, 0)).collect();
        used.remove(name);
        used.remove(&Vec::new());
        used
    }

    /// The module that defines what a path names, as seen from a module; none outside the crate.
    fn resolve(&self, from: &Names, path: &[String], depth: usize) -> Option<Names> {
        let (mut at, rest) = match path[0].as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (from.clone(), &path[1..]),
            "super" => {
                let up = path.iter().take_while(|name| *name == "super").count();
                (from[..from.len().checked_sub(up)?].to_vec(), &path[up..])
            }
            child if self.modules[from].children.contains(child) => (from.clone(), path),
            _ => return None,
        };
        for (index, name) in rest.iter().enumerate() {
            if self.modules[&at].children.contains(name) {
                at.push(name.clone());
                continue;
            }
            let import = self.modules[&at].imports.iter().find(|import| import.name.as_ref() == Some(name));
            if let Some(import) = import.filter(|_| depth < 8) {
                let onward = [&import.path[..], &rest[index + 1..]].concat();
                // Names of other crates add no edge.
                return self.resolve(&at, &onward, depth + 1);
            }
            break;
        }
        Some(at)
    }

    /// Every circle, as the imports that make it.
    pub fn circles(&self) -> Vec<String> {
        let uses = self.uses();
        let reach = |from: &Names| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
            while let Some(name) = next.pop() {
                next.extend(uses[&name].iter().filter(|used| seen.insert((*used).clone())).cloned());
            }
            seen
        };
        let reached: BTreeMap<&Names, BTreeSet<Names>> = uses.keys().map(|name| (*name, reach(name))).collect();
        let mut told = BTreeSet::new();
        let mut circles = Vec::new();
        for (name, reachable) in reached.iter().filter(|(name, reachable)| reachable.contains(**name)) {
            if told.contains(*name) {
                continue;
            }
            let circle: BTreeSet<&Names> = reachable.iter().filter(|other| reached[other].contains(*name)).collect();
            let file = |name: &Names| self.modules[name].file.display();
            let edges = circle.iter().flat_map(|from| uses[*from].iter().map(move |to| (*from, to)));
            let edges = edges.filter(|(_, to)| circle.contains(to));
            let lines: Vec<String> = edges.map(|(from, to)| format!("{} uses {}", file(from), file(to))).collect();
            circles.push(lines.join("\n"));
            told.extend(circle);
        }
        circles
    }
}

/// Collects what one file declares and names. Modules written inside it belong to it.
struct Reader {
    module: Module,
    /// How many modules inside this file we are in.
    inner: usize,
}

impl Reader {
    fn import(&mut self, tree: &UseTree, before: &Names, exported: bool) {
        let mut add = |path: Names, name: Option<String>| self.module.imports.push(Import { path, name, exported });
        match tree {
            UseTree::Path(path) => {
                self.import(&path.tree, &[before.clone(), vec![path.ident.to_string()]].concat(), exported);
            }
            UseTree::Name(name) if name.ident == "self" => add(before.clone(), before.last().cloned()),
            UseTree::Name(name) => {
                add([before.clone(), vec![name.ident.to_string()]].concat(), Some(name.ident.to_string()));
            }
            UseTree::Rename(rename) => {
                add([before.clone(), vec![rename.ident.to_string()]].concat(), Some(rename.rename.to_string()));
            }
            UseTree::Glob(_) => add(before.clone(), None),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before, exported)),
        }
    }

    /// A path as seen from the file's own module.
    fn outward(&self, mut path: Names) -> Option<Names> {
        let up = path.iter().take_while(|name| *name == "super").count();
        if self.inner > 0 && (up > 0 || path[0] == "self") {
            path.drain(..up.min(self.inner));
            if up <= self.inner {
                return None;
            }
        }
        Some(path)
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if attributes(item).iter().any(is_for_tests) {
            return;
        }
        match item {
            Item::Mod(module) if module.content.is_none() => {
                self.module.children.insert(module.ident.to_string());
            }
            Item::Mod(_) => {
                self.inner += 1;
                visit::visit_item(self, item);
                self.inner -= 1;
            }
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let exported = !matches!(item.vis, Visibility::Inherited);
        let before = self.module.imports.len();
        self.import(&item.tree, &Vec::new(), exported);
        let added = self.module.imports.split_off(before);
        for import in added {
            if let Some(path) = self.outward(import.path) {
                self.module.imports.push(Import { path, ..import });
            }
        }
    }

    /// `pub(super)` names the parent without using it.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.module.paths.extend(self.outward(names));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.visit_tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

impl Reader {
    /// Paths in a macro's arguments, which are not parsed.
    fn visit_tokens(&mut self, tokens: TokenStream) {
        let mut path = Names::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end_path(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.end_path(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.visit_tokens(group.stream());
                    }
                }
            }
        }
        self.end_path(&mut path);
    }

    fn end_path(&mut self, path: &mut Names) {
        let path = std::mem::take(path);
        if !path.is_empty() {
            self.module.paths.extend(self.outward(path));
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether it is `#[cfg(test)]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}
