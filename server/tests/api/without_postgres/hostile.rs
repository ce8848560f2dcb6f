//! Hostile input against the program itself, and what its processes keep to themselves.

use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::time::Duration;

#[cfg(target_os = "linux")]
use crate::process::served;
#[cfg(target_os = "linux")]
use crate::raw_http::{POST, connect, status_line};

#[cfg(target_os = "linux")]
fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn sr_27_large_and_endless_bodies_are_refused_without_taking_memory() {
    let server = served();
    let before = resident_kb(server.pid());
    let mib = || vec![b'x'; 1 << 20];
    let together: Vec<_> = (0..200)
        .map(|n| {
            let stream = connect(server.port);
            std::thread::spawn(move || match n % 2 {
                0 => {
                    let head = format!("{POST}content-length: 104857600\r\n\r\n").into_bytes();
                    status_line(stream, std::iter::once(head).chain((0..100).map(|_| mib())))
                }
                _ => {
                    let head = format!("{POST}transfer-encoding: chunked\r\n\r\n").into_bytes();
                    let endless = (0..100).map(|_| [b"100000\r\n".to_vec(), mib(), b"\r\n".to_vec()].concat());
                    status_line(stream, std::iter::once(head).chain(endless))
                }
            })
        })
        .collect();
    for sent in together {
        let line = sent.join().unwrap();
        // A client that keeps sending may find the connection closed before it reads the response.
        assert!(line.is_empty() || line.starts_with("HTTP/1.1 413 "), "{line}");
    }
    let grown = resident_kb(server.pid()).saturating_sub(before);
    assert!(grown < 32 * 1024, "memory grew by {grown} kB");
    let alive = status_line(connect(server.port), std::iter::once(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()));
    assert!(alive.starts_with("HTTP/1.1 200 "), "{alive}");
}

#[test]
fn sr_29_every_statement_is_fixed_text() {
    fn look(folder: &Path, found: &mut Vec<PathBuf>) -> usize {
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files += look(&path, found);
            } else {
                files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                if text.contains("AssertSqlSafe") || text.contains("QueryBuilder") {
                    found.push(path);
                }
            }
        }
        files
    }
    let mut found = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = look(&folder, &mut found);
    assert!(files > 50, "{files} files were read");
    // `db::listing` assembles its statements from literals only.
    let allowed = ["db/statement.rs"].map(|file| folder.join(file));
    assert_eq!(found, allowed, "sqlx accepts only fixed text unless told otherwise");
}

#[cfg(target_os = "linux")]
#[test]
fn sr_26_workers_know_no_secrets_and_end_with_a_server_that_is_killed() {
    let mut server = served();
    let workers: Vec<u32> = workers_of(server.pid());
    assert!(!workers.is_empty());
    for worker in &workers {
        // Only root can read it: the worker is not dumpable.
        match std::fs::read(format!("/proc/{worker}/environ")) {
            Ok(environment) => assert_eq!(environment, b"", "an empty environment"),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
        }
        let status = std::fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
        assert!(status.contains("NoNewPrivs:\t1\n"), "{status}");
    }
    // What belongs to a process that is not dumpable belongs to root, whoever runs it.
    use std::os::unix::fs::MetadataExt;
    for process in workers.iter().chain([&server.pid()]) {
        assert_eq!(std::fs::metadata(format!("/proc/{process}/environ")).unwrap().uid(), 0);
    }
    server.kill();
    let is_there =
        |worker: &u32| std::fs::read_to_string(format!("/proc/{worker}/cmdline")).is_ok_and(|c| !c.is_empty());
    for _ in 0..600 {
        if !workers.iter().any(is_there) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("workers are still there");
}

#[cfg(target_os = "linux")]
fn workers_of(server: u32) -> Vec<u32> {
    let processes =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let parent = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()
    };
    processes.filter(|pid| parent(pid) == Some(server)).collect()
}
