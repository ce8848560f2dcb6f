//! What there is to walk: the workspace's packages and the files that git knows or would add.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// One package of the workspace.
pub struct Package {
    pub name: String,
    /// Its folder, relative to the project's root.
    pub folder: PathBuf,
    /// The root files of its libraries and programs, relative to the project's root.
    pub roots: Vec<PathBuf>,
}

impl Package {
    /// Whether people run it: neither a tool nor a test.
    pub fn is_shipped(&self) -> bool {
        !self.folder.starts_with("tools") && !self.folder.starts_with("tests")
    }
}

pub static PACKAGES: LazyLock<Vec<Package>> = LazyLock::new(|| {
    let metadata =
        output(Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--offline", "--format-version=1"]));
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let relative =
        |path: &serde_json::Value| Path::new(path.as_str().unwrap()).strip_prefix(root()).unwrap().to_owned();
    let shipped = |target: &&serde_json::Value| {
        let kinds = target["kind"].as_array().unwrap();
        kinds.iter().any(|kind| ["lib", "rlib", "cdylib", "bin"].contains(&kind.as_str().unwrap()))
    };
    let package = |package: &serde_json::Value| Package {
        name: package["name"].as_str().unwrap().to_owned(),
        folder: relative(&package["manifest_path"]).parent().unwrap().to_owned(),
        roots: package["targets"]
            .as_array()
            .unwrap()
            .iter()
            .filter(shipped)
            .map(|target| relative(&target["src_path"]))
            .collect(),
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
});

/// Every file of the project, relative to its root.
pub static FILES: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let listed = output(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]));
    let mut files: Vec<PathBuf> =
        listed.lines().map(PathBuf::from).filter(|file| root().join(file).is_file()).collect();
    files.sort();
    files.dedup();
    files
});

/// The project's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

pub fn read(file: impl AsRef<Path>) -> String {
    let file = root().join(file);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The Rust sources below a folder, without integration tests.
pub fn rust_sources(folder: &Path) -> impl Iterator<Item = &'static PathBuf> {
    let below = folder.join("src");
    FILES
        .iter()
        .filter(move |file| file.starts_with(&below) && file.extension().is_some_and(|extension| extension == "rs"))
}

fn output(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
