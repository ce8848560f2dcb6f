//! A small disk for a server, which a test can fill. It is mounted in the program's own namespace, so that the machine is not
//! changed.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Program, serving};

pub struct SmallDisk {
    pub program: Program,
    /// The path of the disk as seen by this process.
    root: PathBuf,
}

impl SmallDisk {
    /// Serves with `DATA_DIR` on a disk of this size, mounted at `disk` in the folder. `None` if the system does not allow
    /// mounts.
    pub async fn serve(folder: &Path, size: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let disk = folder.join("disk");
        std::fs::create_dir(&disk).unwrap();
        let can = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs"]).arg(&disk).output();
        if !can.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: a full disk: this system lets nobody mount one");
            return None;
        }
        let usual = serving(folder, &[settings, &[("DATA_DIR", "disk/data")]].concat());
        let mut command = Command::new("unshare");
        command.env_clear().current_dir(folder);
        command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let script = r#"mount -t tmpfs -o size="$3" tmpfs "$1" && exec "$2""#;
        command.args(["-rm", "sh", "-c", script, "sh"]).arg(&disk).arg(usual.get_program()).arg(size);
        let program = Program::start(&mut command).await;
        let root = PathBuf::from(format!("/proc/{}/root{}", program.pid(), disk.display()));
        Some(Self { program, root })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn fill(&self) {
        let filled = std::fs::write(self.path("filler"), vec![1; 16 << 20]).unwrap_err();
        assert_eq!(filled.kind(), std::io::ErrorKind::StorageFull);
    }

    pub fn clear(&self) {
        std::fs::remove_file(self.path("filler")).unwrap();
    }
}
