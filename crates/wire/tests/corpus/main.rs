//! Replays the committed corpus of the fuzz targets, so that what was found once stays found.

mod properties;

use std::{fs, path::Path};

/// Runs the property over every file of a folder; returns how many there were, and how many `is_read` accepts.
fn replay(folder: &str, property: fn(&[u8]), is_read: fn(&[u8]) -> bool) -> (usize, usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(folder);
    let (mut files, mut read) = (0, 0);
    for entry in fs::read_dir(&folder).expect("the corpus is committed") {
        let bytes = fs::read(entry.expect("the folder can be listed").path()).expect("the file can be read");
        property(&bytes);
        files += 1;
        read += usize::from(is_read(&bytes));
    }
    (files, read)
}

/// Both kinds must be there: a corpus that is all refused, or all accepted, would test half of the parser.
fn assert_mixed((files, read): (usize, usize)) {
    assert!(read >= 5 && files - read >= 5, "{read} of {files} files are read");
}

#[test]
fn authorization_corpus() {
    assert_mixed(replay("authorization", properties::authorization, |bytes| wire::auth::parse(bytes).is_ok()));
}

#[test]
fn challenge_corpus() {
    assert_mixed(replay("challenge", properties::challenge, |bytes| wire::challenge::parse(bytes).is_ok()));
}

#[test]
fn sdp_corpus() {
    assert_mixed(replay("sdp", properties::sdp, |bytes| wire::sdp::Session::parse(bytes).is_ok()));
}

#[test]
fn rtp_corpus() {
    assert_mixed(replay("rtp", properties::rtp, |bytes| wire::rtp::Packet::parse(bytes).is_ok()));
}
