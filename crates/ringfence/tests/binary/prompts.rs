//! Voice prompts by the command line.

use serde_json::{Value, json};

use crate::world::{MAC, World};

/// A second of a tone, 48 kHz, stereo, 16 bits, as other programs write it.
fn recording() -> Vec<u8> {
    let (rate, frame) = (48_000_u32, 4_u32);
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + rate * frame).to_le_bytes());
    file.extend(b"WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00");
    file.extend(rate.to_le_bytes());
    file.extend((rate * frame).to_le_bytes());
    file.extend(b"\x04\x00\x10\x00data");
    file.extend((rate * frame).to_le_bytes());
    for at in 0..rate {
        let sample = if at % 48 < 24 { 9_000_i16 } else { -9_000 };
        file.extend(sample.to_le_bytes());
        file.extend(sample.to_le_bytes());
    }
    file
}

impl World {
    fn wav(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    fn prompt(&self, language: &str, name: &str) -> Value {
        let all = self.json(&["prompt", "list", language]);
        all.as_array().unwrap().iter().find(|one| one["name"] == name).cloned().unwrap_or_default()
    }
}

#[test]
fn a_prompt_is_replaced_exported_and_given_back() {
    let world = World::new();
    let ours = world.prompt("de", "goodbye");
    assert_eq!((&ours["own"], &ours["text"]), (&json!(false), &json!("Auf Wiederhören.")));
    let file = world.wav("bye.wav", &recording());
    world.ok(&["prompt", "set", "DE", "goodbye", &file]);
    let theirs = world.prompt("de", "goodbye");
    assert_eq!((&theirs["own"], &theirs["text"], &theirs["milliseconds"]), (&json!(true), &Value::Null, &json!(1000)));
    assert_eq!(world.prompt("en", "goodbye")["own"], false);

    let folder = world.folder.path().join("out");
    let exported = world.json(&["prompt", "export", "de", &folder.display().to_string()]);
    assert_eq!(exported["exported"], std::fs::read_dir(&folder).unwrap().count());
    let samples = |name: &str| prompts::wav::samples(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    assert_eq!(samples("goodbye.wav").len(), 8000);
    assert!(samples("enter-code.wav").len() > 8000, "ours are exported as well");

    world.ok(&["prompt", "remove", "de", "goodbye"]);
    assert_eq!(world.prompt("de", "goodbye"), ours);
    assert_eq!(world.run(&["prompt", "remove", "de", "goodbye"]).status, 1, "ours cannot be removed");
    let told = world.ok(&["audit", "list"]);
    assert!(told.contains("voice prompt de/goodbye") && told.contains("set, 1000 ms") && told.contains("removed"), "{told}");
}

#[test]
fn a_language_is_added_and_chosen() {
    let world = World::with_a_phone();
    assert_eq!(world.json(&["prompt", "language"]), json!({ "language": "en", "spoken": true }));
    assert_eq!(world.json(&["prompt", "language", "nl"]), json!({ "language": "nl", "spoken": false }));
    let file = world.wav("code.wav", &recording());
    assert_eq!(world.run(&["prompt", "export", "nl", &file]).status, 1, "there is nothing to export");
    world.ok(&["prompt", "set", "nl", "enter-code", &file]);
    assert_eq!(world.json(&["prompt", "language"]), json!({ "language": "nl", "spoken": true }));
    assert_eq!(world.json(&["prompt", "list", "nl"]).as_array().unwrap().len(), 1);
    // The display agrees.
    let shown = || world.ok(&["brands", "render", MAC, "--restricted"]);
    assert_eq!(world.json(&["prompt", "language", "de-AT"]), json!({ "language": "de-at", "spoken": true }));
    world.ok(&["prompt", "language", "de"]);
    assert!(shown().contains("lang.gui = German"), "{}", shown());
    world.ok(&["prompt", "language", "en"]);
    assert!(shown().contains("lang.gui = English"), "{}", shown());
}

#[test]
fn what_cannot_be_played_is_refused_and_changes_nothing() {
    let world = World::new();
    let good = recording();
    let (mut compressed, long) = (good.clone(), vec![0; 5_000_001]);
    compressed[20] = 7;
    for (name, bytes, why) in [
        ("text.wav", &b"Press hash, please."[..], "no WAV file"),
        ("empty.wav", b"", "no WAV file"),
        ("half.wav", &good[..good.len() / 2], "ends early"),
        ("head.wav", &good[..44], "ends early"),
        ("mu-law.wav", &compressed, "compressed"),
        ("long.wav", &long, "5000001 bytes"),
    ] {
        let ran = world.run(&["prompt", "set", "en", "wrong", &world.wav(name, bytes)]);
        assert_eq!(ran.status, 1, "{name}: {ran:?}");
        assert!(ran.stderr.contains("en/wrong") && ran.stderr.contains(why), "{name}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{name}: {}", ran.stderr);
    }
    let file = world.wav("good.wav", &good);
    for (args, why) in [(["en", "wrongs"], "prompt list"), (["german!", "wrong"], "write a tag"), (["../en", "wrong"], "write a tag")] {
        let ran = world.run(&["prompt", "set", args[0], args[1], &file]);
        assert!(ran.status == 1 && ran.stderr.contains(why), "{ran:?}");
    }
    let ran = world.run(&["prompt", "set", "en", "wrong", "nowhere.wav"]);
    assert!(ran.status == 1 && ran.stderr.contains("nowhere.wav"), "{ran:?}");
    assert!(world.json(&["prompt", "list"]).as_array().unwrap().iter().all(|one| one["own"] == false));
}
