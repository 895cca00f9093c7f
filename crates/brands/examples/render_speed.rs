//! How long rendering and recognising take: `cargo run --profile ci -p brands --example render_speed`.
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::hint::black_box;
use std::time::Instant;

use brands::{Body, Catalogue, Door, FileKind, Order};
use domain::settings::{Layer, Line, Resolved, Settings, Transport};
use domain::{Mac, Secret};

fn main() {
    let catalogue = Catalogue::embedded();
    let password = Secret::from("VyTH5q0SkA8TeRzE7mZ9");
    let (brand, model) = catalogue.model("yealink/T46S").expect("in the table");
    let door = Door {
        url: "https://phones.example.com:8443/cfg/d/4f1c9a/",
        user: "4f1c9a",
        password: &password,
        poll_seconds: 17_000,
        file_key: None,
    };
    for (name, lines, raws) in [("16 lines", 16, 0), ("2 lines", 2, 0), ("16 lines, 3 raw settings", 16, 3)] {
        let (lines, settings) = (lines_of(lines), settings(raws));
        let mac: Mac = "0015651a2b3c".parse().expect("a MAC");
        let body = Body::Full { lines: &lines, settings: &settings, door, language: "en" };
        let firmware = "66.86.0.15".parse().ok();
        let order = Order { brand, model, firmware, mac: Some(mac), file: FileKind::Carrier, body };
        let bytes = catalogue.render(&order).expect("renders").bytes;
        let text_lines = String::from_utf8_lossy(&bytes).lines().count();
        let micros = measure(|| drop(black_box(catalogue.render(black_box(&order)))));
        println!("render T46S, {name}: {micros:.1} µs ({text_lines} lines, {} bytes)", bytes.len());
    }
    let agent = Some("Yealink SIP-T46S 66.86.0.15 00:15:65:1a:2b:3c");
    let micros = measure(|| _ = black_box(catalogue.identify(black_box("0015651a2b3c.cfg"), black_box(agent))));
    println!("identify: {micros:.2} µs");
}

/// The best of 20 rounds, in microseconds for one run: the machine's other work only ever adds.
fn measure(mut run: impl FnMut()) -> f64 {
    let rounds = (0..20).map(|_| {
        let start = Instant::now();
        (0..1_000).for_each(|_| run());
        start.elapsed().as_secs_f64() * 1_000.0
    });
    rounds.fold(f64::INFINITY, f64::min)
}

fn lines_of(count: u32) -> Vec<Line> {
    let line = |n: u32| Line {
        user: format!("{}", 200 + n),
        auth_user: None,
        password: Secret::from("k3Zx0vQ9pLr2"),
        server: "pbx.example.com".into(),
        port: Some(5061),
        transport: Transport::Tls,
        outbound_proxy: None,
        extension: Some(format!("{}", 200 + n)),
        name: Some(format!("Desk {n}")),
        settings: Settings::from([("voicemail_number".to_owned(), "*97".to_owned())]),
    };
    (1..=count).map(line).collect()
}

fn settings(raws: u32) -> Resolved {
    let mut site: Settings = [("time_zone", "+1"), ("ntp_server", "192.0.2.123"), ("language", "de"), ("admin_password", "f0rt-knox")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    for n in 1..=6 {
        site.insert(format!("linekey_{n}_type"), "blf".into());
        site.insert(format!("linekey_{n}_value"), format!("{}", 300 + n));
        site.insert(format!("linekey_{n}_label"), format!("Colleague {n}"));
    }
    for n in 0..raws {
        site.insert(format!("raw.yealink.account.{}.label", n + 1), "Raw".into());
    }
    Resolved::from_layers([(Layer::Site, &site)])
}
