//! Packs that are truncated, changed, of another version, or malicious.

use engine_compact::{FILE_NAME, Models, Pack, PackError};

const HEADER: usize = 16;

fn pack() -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(FILE_NAME)).unwrap()
}

/// Corrects the header's checksum and length.
fn sealed(mut pack: Vec<u8>) -> Vec<u8> {
    let length = (pack.len() - HEADER) as u32;
    pack[8..12].copy_from_slice(&length.to_le_bytes());
    let sum = adler2::adler32_slice(&pack[HEADER..]);
    pack[12..HEADER].copy_from_slice(&sum.to_le_bytes());
    pack
}

#[test]
fn a_bad_pack_is_rejected_with_what_was_expected_and_found() {
    let changed = |at: usize| {
        let mut pack = pack();
        pack[at] ^= 1;
        pack
    };
    let whole = pack().len();
    let cases = [
        ("nothing", Vec::new(), "begins with []"),
        ("a page", b"<!doctype html>".to_vec(), "begins with [3c, 21, 64, 6f], expected [42, 47, 4e, 50]"),
        ("a few bytes", pack()[..10].to_vec(), "has 10 bytes, expected 16"),
        ("half a pack", pack()[..whole / 2].to_vec(), &format!("has {} bytes, expected {whole}", whole / 2)),
        ("bytes too many", [pack(), vec![0]].concat(), &format!("has {} bytes, expected {whole}", whole + 1)),
        ("another version", changed(4), "has version 0, expected 1"),
        ("a changed weight", changed(whole - 5), "is damaged: its Adler-32 is"),
        ("a changed sum", changed(13), "is damaged: its Adler-32 is"),
    ];
    for (what, bytes, told) in cases {
        let error = Models::load(&bytes).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(told), "{what}: {error}");
    }
}

/// Found by fuzzing: without layers nothing checked the input, and running the network panicked.
#[test]
fn an_empty_network_is_rejected() {
    let mut pack = pack()[..HEADER].to_vec();
    pack.extend([0; 32 + 4 * 9]);
    let error = Pack::from_bytes(&sealed(pack)).unwrap_err();
    assert!(error.to_string().contains("empty input"), "{error}");
}

#[test]
fn no_bytes_with_a_valid_checksum_make_the_reader_panic_or_use_much_memory() {
    let original = pack();
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut chance = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (mut refused, runs) = (0, 1500);
    for _ in 0..runs {
        let mut bytes = original.clone();
        // Most sizes are at the start of the body, the others at the start of each layer.
        for _ in 0..1 + chance() % 3 {
            let reach = if chance() % 2 == 0 { 200 } else { bytes.len() - HEADER };
            let at = HEADER + 32 + (chance() as usize % (reach - 32));
            bytes[at] = chance() as u8;
        }
        if chance() % 4 == 0 {
            let keep = HEADER + chance() as usize % (bytes.len() - HEADER);
            bytes.truncate(keep);
        }
        match Pack::from_bytes(&sealed(bytes)) {
            Err(PackError::Malformed(_) | PackError::Graph(_)) => refused += 1,
            Err(other) => panic!("{other}"),
            // A changed weight is not malformed.
            Ok(_) => {}
        }
    }
    assert!(refused > runs / 10, "{refused} of {runs} were rejected: too few reached the reader");
}
