//! Settings: layers, raw parameters, provenance, an operator's own folder.

use brands::{Body, Catalogue, Door, FileKind, Notice, RestrictedAccount};
use domain::settings::{Layer, Line, Resolved, Transport};

use crate::orders::{CATALOGUE, carrier, door, full, line, model, restricted, settings, text};

fn value<'t>(file: &'t str, key: &str) -> Vec<&'t str> {
    file.lines().filter_map(|line| line.split_once(" = ")).filter(|(found, _)| *found == key).map(|(_, value)| value).collect()
}

#[test]
fn the_nearest_layer_wins_between_raw_and_neutral_settings_too() {
    let raw = settings(&[("raw.yealink.local_time.time_zone", "-5"), ("raw.yealink.ringtone.url", "https://example.com/a.wav")]);
    let neutral = settings(&[("time_zone", "+1")]);
    for (raw_layer, neutral_layer, expected) in
        [(Layer::Operator, Layer::Device, "+1"), (Layer::Device, Layer::Operator, "-5"), (Layer::Site, Layer::Site, "-5")]
    {
        let resolved = Resolved::from_layers([(raw_layer, &raw), (neutral_layer, &neutral)]);
        let file = text(&carrier(model("T46S"), Some("66.86.0.15"), full(&[], &resolved)));
        assert_eq!(value(&file, "local_time.time_zone"), [expected]);
        assert_eq!(value(&file, "ringtone.url"), ["https://example.com/a.wav"]);
    }
}

#[test]
fn raw_settings_cannot_lead_the_phone_away_or_be_anything_but_parameters() {
    let raw = settings(&[
        ("raw.yealink.static.auto_provision.server.url", "https://elsewhere.example.com/"),
        ("raw.yealink.auto_provision.pnp_enable", "1"),
        ("raw.yealink.static.zero_touch.enable", "1"),
        ("raw.yealink.static.security.user_password", "admin:x"),
        ("raw.yealink.include:config", "https://elsewhere.example.com/x.cfg"),
        ("raw.yealink.[T46S]x", "1"),
        ("raw.snom.user_name", "x"),
    ]);
    let resolved = Resolved::from_layers([(Layer::Device, &raw)]);
    let with = text(&carrier(model("T46S"), None, full(&[], &resolved)));
    assert_eq!(with, text(&carrier(model("T46S"), None, full(&[], &Resolved::default()))));
    let brand = CATALOGUE.brand("yealink").unwrap();
    assert!(!brand.takes_raw("static.auto_provision.server.url") && brand.takes_raw("local_time.time_zone"));
}

#[test]
fn a_lines_own_setting_is_nearer_than_the_phones() {
    let site = settings(&[("srtp", "off"), ("codecs", "g722,pcma"), ("voicemail_number", "*97")]);
    let resolved = Resolved::from_layers([(Layer::Site, &site)]);
    let own = Line { settings: settings(&[("srtp", "required"), ("register_seconds", "120")]), ..line("201") };
    let file = text(&carrier(model("T46S"), Some("66.86.0.15"), full(&[line("200"), own], &resolved)));
    assert_eq!((value(&file, "account.1.srtp_encryption"), value(&file, "account.2.srtp_encryption")), (vec!["0"], vec!["2"]));
    assert_eq!(value(&file, "account.2.sip_server.1.expires"), ["120"]);
    assert_eq!((value(&file, "account.1.codec.g722.priority"), value(&file, "account.1.codec.opus.enable")), (vec!["1"], vec!["0"]));
    assert_eq!((value(&file, "voice_mail.number.1"), value(&file, "voice_mail.number.3")), (vec!["*97"], vec!["%NULL%"]));
}

#[test]
fn words_and_numbers_are_checked_when_set_and_when_rendered() {
    let brand = CATALOGUE.brand("yealink").unwrap();
    for (key, good, bad) in [
        ("srtp", "optional", "maybe"),
        ("register_seconds", "60", "29"),
        ("register_seconds", "2147483", "+60"),
        ("codecs", "pcma, g722", "pcma,mp3"),
        ("emergency_numbers", "112,110", "112;110"),
        ("linekey_4_type", "blf", "16"),
        ("linekey_4_line", "2", "0"),
        ("time_zone", "+1", "+1\n"),
        ("language", "de", "Klingon\u{0}"),
    ] {
        assert!(brand.check_setting(key, good).is_ok(), "{key}");
        if key == "time_zone" {
            continue; // a break at the end is trimmed off
        }
        let error = brand.check_setting(key, bad).unwrap_err().to_string();
        assert!(error.starts_with(&format!("setting {key}: ")), "{error}");
        if !key.starts_with("language") {
            let resolved_settings = settings(&[(key, bad)]);
            let resolved = Resolved::from_layers([(Layer::Device, &resolved_settings)]);
            assert_eq!(CATALOGUE.render(&carrier(model("T46S"), None, full(&[line("1")], &resolved))).unwrap_err().to_string(), error);
        }
    }
    assert!(brand.check_setting("a_setting_of_another_brand", "x").is_ok());
}

#[test]
fn every_built_in_brand_passes_the_rehearsal_of_an_operators_folder() {
    let empty = tempfile::tempdir().unwrap();
    Catalogue::load(Some(empty.path())).unwrap();
}

#[test]
fn a_poll_is_never_shorter_than_the_models_shortest() {
    let resolved = Resolved::default();
    for (seconds, minutes) in [(5, "1"), (60, "1"), (61, "2"), (17_001, "284")] {
        let body = Body::Full { lines: &[], settings: &resolved, door: Door { poll_seconds: seconds, ..door() }, language: "en" };
        let file = text(&carrier(model("T46S"), Some("66.86.0.15"), body));
        assert_eq!(value(&file, "static.auto_provision.repeat.minutes"), [minutes]);
    }
}

#[test]
fn why_names_the_layer_of_every_line_and_masks_secrets() {
    let operator = settings(&[("ntp_server", "192.0.2.123"), ("admin_password", "f0rt-knox")]);
    let site = settings(&[
        ("time_zone", "+1"),
        ("srtp", "optional"),
        ("raw.yealink.voice.tone.country", "Germany"),
        ("raw.yealink.ldap.password", "pass-word"),
    ]);
    let device = settings(&[("linekey_2_type", "blf"), ("linekey_2_value", "201")]);
    let resolved = Resolved::from_layers([(Layer::Operator, &operator), (Layer::Site, &site), (Layer::Device, &device)]);
    let own = Line { settings: settings(&[("voicemail_number", "*97")]), ..line("200") };
    let lines = [own];
    let order = carrier(model("T21P_E2"), Some("52.84.0.125"), full(&lines, &resolved));
    let why = CATALOGUE.render_with_why(&order).unwrap();
    let shown: Vec<_> = why.iter().map(|line| format!("{:<10} {}", line.source.to_string(), line.text)).collect();
    let shown = shown.join("\n");
    insta::assert_snapshot!("why", shown);
    for secret in ["f0rt-knox", "pass-word", "line-password", "door-password"] {
        assert!(!shown.contains(secret) && text(&order).contains(secret), "{secret}");
    }
    let plain: Vec<_> = text(&order).lines().map(str::to_owned).collect();
    assert_eq!(plain.len(), why.len(), "the view has the file's lines");
}

#[test]
fn an_operators_folder_lays_over_the_catalogue() {
    let dir = tempfile::tempdir().unwrap();
    let templates = dir.path().join("yealink/templates");
    std::fs::create_dir_all(&templates).unwrap();
    std::fs::write(templates.join("common.cfg.j2"), "#!version:1.0.0.1\nfeatures.x = {{ model.name }}\n").unwrap();
    let catalogue = Catalogue::load(Some(dir.path())).unwrap();
    let (brand, model) = catalogue.model("yealink/T46S").unwrap();
    let order = brands::Order { brand, model, firmware: None, mac: None, file: FileKind::Common, body: Body::Public };
    assert_eq!(catalogue.render(&order).unwrap().bytes, b"#!version:1.0.0.1\nfeatures.x = T46S\n");
}

#[test]
fn errors_in_an_operators_folder_name_file_and_key() {
    let check = |file: &str, content: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        Catalogue::load(Some(dir.path())).unwrap_err().to_string()
    };
    assert_eq!(
        check("yealink/templates/full.cfg.j2", "x\n{% if %}\n"),
        "brands/yealink/templates/full.cfg.j2: line 2: syntax error: unexpected end of block"
    );
    let manifest = include_str!("../../../../brands/yealink/brand.toml");
    let spoiled = |from: &str, to: &str| check("yealink/brand.toml", &manifest.replace(from, to));
    assert!(spoiled("two_step", "two_steps").starts_with("brands/yealink/brand.toml: line "));
    assert!(spoiled("two_step", "two_steps").contains("unknown field `two_steps`"));
    assert_eq!(spoiled("\"00:15:65\"", "\"00:15\""), "brands/yealink/brand.toml: ouis[0]: three bytes such as 00:15:65");
    assert_eq!(spoiled("boot.cfg.j2", "boat.cfg.j2"), "brands/yealink/brand.toml: parts.boot: templates/boat.cfg.j2 is missing");
    assert_eq!(
        spoiled("{mac}.boot", "{mak}.boot"),
        "brands/yealink/brand.toml: file[0].name: fields are {mac}, {model}, {model_lower}, {name}, {firmware}, {id} and {common}"
    );
    assert!(check("acme/guide.md", "# Acme").contains("brands/acme/brand.toml: -: is missing"));
}

#[test]
fn a_bad_template_is_told_when_it_is_read() {
    let load = |file: &str, template: &str| {
        let dir = tempfile::tempdir().unwrap();
        let templates = dir.path().join("yealink/templates");
        std::fs::create_dir_all(&templates).unwrap();
        std::fs::write(templates.join(file), template).unwrap();
        Catalogue::load(Some(dir.path())).unwrap_err().to_string()
    };
    let loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
    assert!(load("common.cfg.j2", loops).contains("fuel"), "{}", load("common.cfg.j2", loops));
    let long = format!("{{% for a in range(9999) %}}{}{{% endfor %}}", "x".repeat(500));
    assert_eq!(load("common.cfg.j2", &long), "brands/yealink/templates/: common: the file is larger than 512 KiB");
    let undefined = "brands/yealink/templates/raw.cfg.j2: line 2: undefined value";
    assert_eq!(load("raw.cfg.j2", "\n{{ raw.valeu }}\n"), undefined);
    assert!(load("common.cfg.j2", "{{ door.password }}").contains("undefined"), "a public file has no door");
    assert!(load("account.cfg.j2", "{{ set.admin_password }}").contains("undefined"), "an account has no other's values");
    assert!(load("common.cfg.j2", "{{ model }}").contains("printing a value of kind map"));
    assert!(load("common.cfg.j2", "{{ none }}").contains("printing a value of kind none"));
}

#[test]
fn a_brand_and_a_file_print_as_the_command_line_promises() {
    let brand = serde_json::to_value(CATALOGUE.brand("yealink").unwrap()).unwrap();
    let t46s = brand["models"].as_array().unwrap().iter().find(|model| model["model"] == "T46S").unwrap();
    for key in
        ["accounts", "screen", "two_factor", "hotline", "http_auth", "prompts_for_login", "renews_trust", "tls", "shortest_poll_seconds"]
    {
        assert!(!t46s[key].is_null(), "{key}");
    }
    assert!(brand["brand"] == "yealink" && brand["unverified_keys"].is_u64());
    let resolved = Resolved::default();
    let file = text(&carrier(model("T46S"), Some("66.86.0.15"), full(&[line("200")], &resolved)));
    let parsed = CATALOGUE.parse(CATALOGUE.brand("yealink").unwrap(), file.as_bytes()).unwrap();
    let expected = serde_json::json!({
        "provisioning": {
            "url": "https://phones.example.com:8443/cfg/d/4f1c9a/", "user": "door-user", "password": "door-password", "resync_seconds": 300
        },
        "accounts": [{
            "slot": 1, "enabled": true, "user": "200", "auth": "200", "password": "line-password", "server": "pbx.example.com",
            "port": null, "transport": "udp", "label": "200", "name": "200"
        }],
        "notice": null, "hotline": null, "mac_key": null
    });
    assert_eq!(serde_json::to_value(&parsed).unwrap(), expected);
    let shown = format!("{parsed:?}");
    assert!(!shown.contains("line-password") && !shown.contains("door-password"), "{shown}");
}

#[test]
fn a_restricted_phone_on_tls_asks_for_encrypted_sound() {
    let asks = |transport: Transport| {
        let Body::Restricted { notice, account, service_number, emergency_numbers, door, language } = restricted(Notice::Needed) else {
            unreachable!("that is what it makes")
        };
        let account = RestrictedAccount { transport, ..account };
        let body = Body::Restricted { notice, account, service_number, emergency_numbers, door, language };
        value(&text(&carrier(model("T46S"), Some("66.86.0.15"), body)), "account.1.srtp_encryption").concat()
    };
    // Optional: whoever answers without keys is still heard. Without TLS the keys would lie open.
    assert_eq!([Transport::Udp, Transport::Tcp, Transport::Tls].map(asks), ["0", "0", "1"]);
}

#[test]
fn a_handset_is_on_the_line_of_its_number_unless_a_setting_says_another() {
    let site = settings(&[("handset_2_line", "1"), ("handset_2_name", "Kitchen"), ("handset_9_name", "There are eight")]);
    let resolved = Resolved::from_layers([(Layer::Device, &site)]);
    let file = text(&carrier(model("W60B"), Some("77.85.0.25"), full(&[line("200"), line("201")], &resolved)));
    // The last of several counts.
    let last = |key: &str| value(&file, key).last().copied();
    assert_eq!((last("handset.1.name"), last("handset.1.incoming_lines")), (Some("200"), Some("1")));
    assert_eq!((last("handset.2.name"), last("handset.2.incoming_lines")), (Some("Kitchen"), Some("1")));
    assert_eq!((last("handset.2.dial_out_default_line"), last("handset.9.name")), (Some("1"), None));
}

#[test]
fn the_doors_login_goes_to_no_other_phone_book() {
    let login = |url: &str| {
        let site = settings(&[("phonebook_url", url)]);
        let resolved = Resolved::from_layers([(Layer::Operator, &site)]);
        let file = text(&carrier(model("T46S"), Some("66.86.0.15"), full(&[], &resolved)));
        ["url", "username", "password"].map(|part| value(&file, &format!("remote_phonebook.data.1.{part}")).concat())
    };
    let ours = "https://phones.example.com:8443/cfg/d/4f1c9a/phonebook.xml";
    assert_eq!(login(ours), [ours, "door-user", "door-password"]);
    let other = "https://www.example.com/cfg/d/4f1c9a/phonebook.xml";
    assert_eq!(login(other), [other, "%NULL%", "%NULL%"]);
    assert_eq!(login(""), ["%NULL%", "%NULL%", "%NULL%"]);
}

#[test]
fn a_phone_book_is_xml_beside_files_that_are_none() {
    let brand = CATALOGUE.brand("yealink").unwrap();
    let entry = |name: &str| brands::Entry { name: name.to_owned(), number: "*89#".to_owned() };
    let render = |entries: &[brands::Entry]| {
        let order = brands::Order {
            brand,
            model: model("T46S"),
            firmware: None,
            mac: None,
            file: FileKind::Phonebook,
            body: Body::Phonebook { title: "Company", entries },
        };
        CATALOGUE.render(&order).map(|rendered| String::from_utf8(rendered.bytes).unwrap())
    };
    let book = render(&[entry("Miller & <Sons>"), entry("\"Plain\"")]).unwrap();
    assert!(book.contains("<Name>Miller &amp; &lt;Sons&gt;</Name>\n<Telephone>*89#</Telephone>"), "{book}");
    assert!(book.contains("<Name>&quot;Plain&quot;</Name>") && book.ends_with("</YealinkIPPhoneDirectory>\n"), "{book}");
    let nameless = render(&[entry("\u{ffff}"), entry("Reach\u{ffff}able")]).unwrap();
    assert!(nameless.contains("<Name>Reachable</Name>"), "{nameless}");
    assert_eq!(nameless.matches("<Name>").count(), 1, "nobody whose whole name XML cannot carry: {nameless}");
}

#[test]
fn a_virtual_network_is_told_where_it_is_set_and_nowhere_else() {
    let of = |pairs: &[(&str, &str)], key: &str| {
        let site = settings(pairs);
        let resolved = Resolved::from_layers([(Layer::Site, &site)]);
        value(&text(&carrier(model("T46S"), Some("66.86.0.15"), full(&[], &resolved))), key).concat()
    };
    let set = [("vlan_id", "42"), ("lldp", "no")];
    let told = ["static.network.vlan.internet_port_enable", "static.network.vlan.internet_port_vid", "static.network.lldp.enable"];
    assert_eq!(told.map(|key| of(&set, key)), ["1", "42", "0"]);
    assert_eq!(told.map(|key| of(&[], key)), ["", "", ""], "by hand it may be in one");
    assert!(CATALOGUE.brand("yealink").unwrap().check_setting("admin_password", "admin").is_err(), "the factory's password");
}

#[test]
fn another_brands_word_in_a_shared_layer_is_passed_over() {
    let render = |layer, pairs: &[(&str, &str)]| {
        let settings = settings(pairs);
        let resolved = Resolved::from_layers([(layer, &settings)]);
        let lines = [line("200")];
        CATALOGUE
            .render(&carrier(model("T46S"), Some("66.86.0.15"), full(&lines, &resolved)))
            .map(|file| String::from_utf8(file.bytes).unwrap())
    };
    for layer in [Layer::Operator, Layer::Reseller, Layer::Customer, Layer::Site] {
        let file = render(layer, &[("language", "tlh"), ("codecs", "pcma, some-codec")]).unwrap();
        assert!(file.contains("lang.gui = %NULL%"), "{layer}");
        assert!(file.contains("account.1.codec.pcma.enable = 1") && file.contains("account.1.codec.pcmu.enable = 0"), "{layer}");
    }
    for pair in [("language", "tlh"), ("codecs", "pcma, some-codec")] {
        assert!(render(Layer::Device, &[pair]).unwrap_err().to_string().contains("is one of"), "{pair:?}");
    }
}
