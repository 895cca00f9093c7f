//! What the catalogue says of itself.

use crate::world::World;

#[test]
fn the_page_of_supported_phones_is_the_catalogues() {
    let world = World::new();
    let page = world.ok(&["brands", "list", "--markdown"]);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/supported.md");
    let committed = std::fs::read_to_string(path).unwrap();
    // Told by its first line that differs: the whole page is long.
    let differs = page.lines().zip(committed.lines()).find(|(now, then)| now != then);
    let advice = "write it anew: ringfence brands list --markdown > docs/supported.md";
    assert_eq!((differs, page.lines().count()), (None, committed.lines().count()), "{advice}");
    assert_eq!(page, committed, "{advice}");
}

#[test]
fn each_brand_counts_what_nobody_has_verified() {
    let world = World::new();
    let (listed, text) = (world.json(&["brands", "list"]), world.ok(&["brands", "list"]));
    let row = |brand: &str| {
        let line = text.lines().rfind(|line| line.split_whitespace().next() == Some(brand));
        line.unwrap_or_default().split_whitespace().skip(1).map(|cell| cell.parse::<usize>().unwrap()).collect::<Vec<_>>()
    };
    for brand in listed.as_array().unwrap() {
        let unverified = brand["unverified"].as_array().unwrap();
        let keys = unverified.iter().filter(|one| one.as_str().unwrap().starts_with("key.")).count();
        let counts = [keys, unverified.len() - keys];
        assert_eq!(["unverified_keys", "unverified_facts"].map(|of| usize::try_from(brand[of].as_u64().unwrap()).unwrap()), counts);
        assert_eq!(row(brand["brand"].as_str().unwrap()), [&[brand["models"].as_array().unwrap().len()][..], &counts].concat());
    }
    let of = |name: &str| listed.as_array().unwrap().iter().find(|brand| brand["brand"] == name).unwrap().clone();
    assert!(of("yealink")["unverified_facts"].as_u64().unwrap() > 0 && of("spectralink")["unverified_keys"].as_u64().unwrap() > 0);
    assert_eq!(world.run(&["brands", "list", "--markdown", "--json"]).status, 2);
}
