//! The tree and what hangs on it, on both engines: nobody sees beyond their branch, and names, versions and counters keep their promises.

use domain::login::Owner;
use domain::policy::Patch;
use domain::role::{Actor, Role};
use domain::tenancy::{CustomerId, Node, Place, ResellerId};
use domain::trust::{Window, WindowChange};
use domain::{Secret, Span};
use ipnet::IpNet;
use uuid::Uuid;

use crate::people::{Account, Token};
use crate::policy::{inherited, model_settings, patch, save_model_settings, save_patch, save_settings, settings};
use crate::tenancy::{Customer, customer, customer_by_name, customers, remove_customer, remove_reseller, remove_site, reseller, resellers};
use crate::tenancy::{save_customer, save_site, site, site_by_name, sites};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::{self, DIRECT, NORTH, OFFICE, RESELLER, RIVAL, SCOPES, SIBLING, SOUTH, STRANGER};
use crate::trust::{Network, address_shared, note_address, save_window, windows};
use crate::{Scope, StoreError, context, login, menu_password, people, trust};

on_both! {
    each_scope_sees_its_branch_and_no_more
    names_are_unique_below_one_parent
    a_version_guards_against_lost_updates
    what_is_in_use_is_not_removed
    a_policy_that_asks_nothing_is_refused_on_every_node_below
    settings_that_break_a_file_are_refused
    a_context_holds_until_its_revision_moves
    a_context_carries_policy_settings_trust_and_logins
    trust_stays_with_its_customer
    menu_passwords_are_made_anew_place_by_place
    a_window_is_saved_only_on_what_was_read
    phones_are_told_of_a_window_that_serves_more_than_before
    addresses_remember_whose_devices_came
    global_logins_are_numbered_once
    a_request_for_the_global_login_is_decided_and_shown_once
    people_act_in_their_branch_only
    tokens_end
}

fn is_missing<T: std::fmt::Debug>(result: &crate::Result<T>) -> bool {
    matches!(result, Err(StoreError::NotFound))
}

async fn each_scope_sees_its_branch_and_no_more(world: World) {
    let world = world.with_tree().await;
    for (scope, seen) in SCOPES {
        let check = move |db: &crate::Db| {
            for wanted in [OFFICE, SIBLING, STRANGER, DIRECT] {
                let visible = seen.contains(&wanted);
                let found = customer(db, &scope, wanted);
                assert_eq!(found.is_ok(), visible, "{scope:?} {wanted:?}");
                assert_eq!(patch(db, &scope, Node::Customer(wanted)).is_ok(), visible, "{scope:?}");
                assert_eq!(settings(db, &scope, Node::Customer(wanted)).is_ok(), visible);
                assert_eq!(trust::networks(db, &scope, wanted).is_ok(), visible);
                assert_eq!(windows(db, &scope, wanted).is_ok(), visible);
                assert!(found.is_ok() || is_missing(&found));
            }
            let listed: Vec<_> = customers(db, &scope, "", None, 100)?.items.into_iter().map(|customer| customer.id).collect();
            assert_eq!(listed.len(), seen.len());
            assert!(listed.iter().all(|id| seen.contains(id)));
            for wanted in [RESELLER, RIVAL] {
                let own = scope == Scope::Operator || scope == Scope::Reseller(wanted);
                assert_eq!(reseller(db, &scope, wanted).is_ok(), own, "{scope:?}");
            }
            let resellers_seen = resellers(db, &scope, "", None, 100)?.items.len();
            assert_eq!(
                resellers_seen,
                match scope {
                    Scope::Operator => 2,
                    Scope::Reseller(_) => 1,
                    _ => 0,
                }
            );
            assert_eq!(model_settings(db, &scope, "yealink").is_ok(), scope == Scope::Operator);
            Ok(())
        };
        world.store.read(check).await.unwrap();
    }
    let site_scope = |db: &crate::Db| {
        let scope = Scope::Site(NORTH);
        assert_eq!(site(db, &scope, NORTH)?.name, "North");
        assert!(is_missing(&site(db, &scope, SOUTH)));
        assert_eq!(sites(db, &scope, None, "", None, 10)?.items.len(), 1);
        assert!(is_missing(&site_by_name(db, &Scope::Reseller(RIVAL), OFFICE, "North")));
        assert_eq!(site_by_name(db, &Scope::Customer(OFFICE), OFFICE, "South")?.id, SOUTH);
        Ok(())
    };
    world.store.read(site_scope).await.unwrap();
    // Nor may anybody write beyond it.
    let intruder =
        |id| Customer { id: CustomerId(Uuid::from_u128(id)), reseller: Some(RESELLER), name: "Intruder".into(), created: NOW, version: 1 };
    for (id, scope) in [(90, Scope::Reseller(RIVAL)), (91, Scope::Customer(OFFICE)), (92, Scope::Site(NORTH))] {
        let added = world.store.write(move |db| crate::tenancy::add_customer(db, &scope, &intruder(id))).await;
        assert!(is_missing(&added), "{scope:?}");
        let removed = world.store.write(move |db| remove_customer(db, &scope, SIBLING)).await;
        assert!(is_missing(&removed), "{scope:?}");
        let changed = world.store.write(move |db| save_patch(db, &scope, Node::Customer(SIBLING), &Patch::default())).await;
        assert!(is_missing(&changed), "{scope:?}");
    }
    let taken_over = world.store.write(|db| {
        let stolen = Customer { reseller: Some(RIVAL), ..customer(db, &Scope::Reseller(RESELLER), OFFICE)? };
        save_customer(db, &Scope::Reseller(RESELLER), &stolen)
    });
    assert!(is_missing(&taken_over.await), "a reseller cannot give its customer to another");
}

async fn names_are_unique_below_one_parent(world: World) {
    let world = world.with_tree().await;
    let add = |id, reseller: Option<ResellerId>, name: &str| {
        let customer = Customer { id: CustomerId(Uuid::from_u128(id)), reseller, name: name.into(), created: NOW, version: 1 };
        world.store.write(move |db| crate::tenancy::add_customer(db, &Scope::Operator, &customer))
    };
    assert!(matches!(add(50, Some(RESELLER), "Office").await, Err(StoreError::Exists)));
    assert!(matches!(add(51, None, "Direct").await, Err(StoreError::Exists)), "the operator's own customers, too");
    add(52, None, "Office").await.unwrap();
    let by_name = |scope| world.store.read(move |db| customer_by_name(db, &scope, "Office"));
    assert!(matches!(by_name(Scope::Operator).await, Err(StoreError::Ambiguous)));
    assert_eq!(by_name(Scope::Reseller(RESELLER)).await.unwrap().id, OFFICE);
    let again = world
        .store
        .write(|db| crate::tenancy::add_site(db, &Scope::Operator, &tree::site(domain::tenancy::SiteId(Uuid::from_u128(60)), "North")));
    assert!(matches!(again.await, Err(StoreError::Exists)));
    for name in ["", " x", "x\n", &"x".repeat(201)] {
        assert!(add(53, None, name).await.is_err(), "{name:?}");
    }
    // Pages by name; the text is found in upper and lower case, and its wildcards mean nothing.
    add(54, None, "100% Café_").await.unwrap();
    let page = |query: &'static str, after: Option<crate::page::Cursor>| {
        world.store.read(move |db| customers(db, &Scope::Operator, query, after.as_ref(), 2))
    };
    let first = page("", None).await.unwrap();
    let second = page("", first.next.clone()).await.unwrap();
    let third = page("", second.next.clone()).await.unwrap();
    let names: Vec<_> = [first, second, third].iter().flat_map(|page| page.items.iter().map(|customer| customer.name.clone())).collect();
    assert_eq!(names, ["100% Café_", "Direct", "Office", "Office", "Office", "Sibling"]);
    assert_eq!(page("oFF", None).await.unwrap().items.len(), 2);
    assert_eq!(page("% c", None).await.unwrap().items.len(), 1);
    assert_eq!(page("_x", None).await.unwrap().items.len(), 0);
}

async fn a_version_guards_against_lost_updates(world: World) {
    let world = world.with_tree().await;
    let read = |db: &crate::Db| site(db, &Scope::Operator, NORTH);
    let (ours, theirs) = (world.store.read(read).await.unwrap(), world.store.read(read).await.unwrap());
    let save = |mut site: crate::tenancy::Site, name: &str| {
        site.name = name.into();
        world.store.write(move |db| save_site(db, &Scope::Operator, &site))
    };
    assert_eq!(save(ours, "Main").await.unwrap(), 2);
    assert!(matches!(save(theirs, "Head").await, Err(StoreError::Conflict)));
    assert_eq!(world.store.read(read).await.unwrap().name, "Main");
}

async fn what_is_in_use_is_not_removed(world: World) {
    let world = world.with_tree().await;
    let in_use = |result: crate::Result<()>| matches!(result, Err(StoreError::InUse));
    assert!(in_use(world.store.write(|db| remove_reseller(db, &Scope::Operator, RESELLER)).await));
    assert!(in_use(world.store.write(|db| remove_customer(db, &Scope::Operator, OFFICE)).await));
    assert!(in_use(world.store.write(|db| remove_site(db, &Scope::Operator, NORTH)).await));
    world.store.write(|db| remove_site(db, &Scope::Customer(OFFICE), SOUTH)).await.unwrap();
    let clear_out = |db: &crate::Db| {
        crate::device::remove(db, &Scope::Operator, tree::mac(4))?;
        save_patch(db, &Scope::Operator, Node::Customer(DIRECT), &Patch([("pin".into(), "required".into())].into()))?;
        save_settings(db, &Scope::Operator, Node::Customer(DIRECT), &tree::setup().settings)?;
        remove_customer(db, &Scope::Operator, DIRECT)
    };
    world.store.write(clear_out).await.unwrap();
    assert!(is_missing(&world.store.read(|db| customer(db, &Scope::Operator, DIRECT)).await));
}

fn entries(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn a_policy_that_asks_nothing_is_refused_on_every_node_below(world: World) {
    let world = world.with_tree().await;
    let save = |node, pairs: &[(&str, &str)]| {
        let patch = Patch(entries(pairs));
        world.store.write(move |db| save_patch(db, &Scope::Operator, node, &patch))
    };
    save(Node::Operator, &[("pin", "required")]).await.unwrap();
    save(Node::Site(NORTH), &[("login", "none")]).await.unwrap();
    // Harmless where it is said, but the site below would ask nothing.
    for node in [Node::Customer(OFFICE), Node::Reseller(RESELLER), Node::Operator] {
        let refused = save(node, &[("pin", "off")]).await.unwrap_err().to_string();
        assert!(refused.contains("login=none") && refused.contains("site North"), "{refused}");
    }
    save(Node::Customer(SIBLING), &[("pin", "off")]).await.unwrap();
    let refused = save(Node::Customer(SIBLING), &[("pin", "off"), ("login", "none")]).await.unwrap_err().to_string();
    assert!(refused.contains("customer Sibling"), "{refused}");
    let refused = save(Node::Operator, &[("pin", "maybe")]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)));
    let at_north = world.store.read(|db| inherited(db, &Scope::Operator, Node::Site(NORTH))).await.unwrap();
    assert_eq!(at_north.policy.to_string(), "none/required");
    assert_eq!(at_north.source("pin"), Some(domain::settings::Layer::Operator));
    assert_eq!(
        world.store.read(|db| patch(db, &Scope::Customer(SIBLING), Node::Customer(SIBLING))).await.unwrap(),
        Patch(entries(&[("pin", "off")]))
    );
}

async fn settings_that_break_a_file_are_refused(world: World) {
    let world = world.with_tree().await;
    let save = |pairs: &[(&str, &str)]| {
        let settings = entries(pairs);
        world.store.write(move |db| save_settings(db, &Scope::Customer(OFFICE), Node::Customer(OFFICE), &settings))
    };
    assert!(matches!(save(&[("time_zone", "+1\nadmin")]).await, Err(StoreError::Refused(_))));
    save(&[("time_zone", "+1"), ("language", "de")]).await.unwrap();
    save(&[("time_zone", "+2")]).await.unwrap();
    let kept = world.store.read(|db| settings(db, &Scope::Operator, Node::Customer(OFFICE))).await.unwrap();
    assert_eq!(kept, entries(&[("time_zone", "+2")]), "a save replaces the layer");
}

async fn a_context_holds_until_its_revision_moves(world: World) {
    let world = world.with_tree().await;
    let revision = |of| world.store.read(move |db| context::load(db, of).map(|context| context.revision));
    let (office, sibling, nobody) =
        (revision(Some(OFFICE)).await.unwrap(), revision(Some(SIBLING)).await.unwrap(), revision(None).await.unwrap());
    let network = Network { network: "198.51.100.0/24".parse().unwrap(), label: "HQ".into(), created: NOW };
    world.store.write(move |db| trust::add_network(db, &Scope::Operator, OFFICE, &network)).await.unwrap();
    assert_ne!(revision(Some(OFFICE)).await.unwrap(), office);
    assert_eq!(revision(Some(SIBLING)).await.unwrap(), sibling, "another customer's change leaves this one's cache alone");
    let mut seen = vec![office];
    for change in 0..6 {
        let before = revision(Some(OFFICE)).await.unwrap();
        seen.push(before);
        world
            .store
            .write(move |db| {
                let all = Scope::Operator;
                match change {
                    0 => save_patch(db, &all, Node::Operator, &Patch(entries(&[("pin", "required")]))),
                    1 => save_patch(db, &all, Node::Site(SOUTH), &Patch(entries(&[("suspend", "1h")]))),
                    2 => save_settings(db, &all, Node::Reseller(RESELLER), &entries(&[("language", "de")])),
                    3 => save_model_settings(db, &all, "yealink/T46S", &entries(&[("language", "fr")])),
                    4 => login::add(db, &all, Owner::Operator, "setup", &Secret::from("x"), NOW).map(drop),
                    _ => save_customer(db, &all, &Customer { name: "New name".into(), ..customer(db, &all, OFFICE)? }).map(drop),
                }
            })
            .await
            .unwrap();
        assert_ne!(revision(Some(OFFICE)).await.unwrap(), before, "change {change}");
    }
    assert_ne!(revision(None).await.unwrap(), nobody);
    assert!(is_missing(&revision(Some(CustomerId(Uuid::from_u128(404)))).await));
    let fetched =
        world.store.read(|db| crate::device::fetch(db, tree::mac(1), &"192.0.2.1/32".parse().unwrap(), NOW)).await.unwrap().unwrap();
    assert_eq!(fetched.revision, revision(Some(OFFICE)).await.unwrap(), "the phone path's statement carries the same counters");
    assert!(!seen.contains(&fetched.revision));
}

async fn a_context_carries_policy_settings_trust_and_logins(world: World) {
    let world = world.with_tree().await;
    let fill = |db: &crate::Db| {
        let all = Scope::Operator;
        save_patch(db, &all, Node::Reseller(RESELLER), &Patch(entries(&[("pin", "required")])))?;
        save_patch(db, &all, Node::Site(NORTH), &Patch(entries(&[("login", "none")])))?;
        save_patch(db, &all, Node::Customer(STRANGER), &Patch(entries(&[("suspend", "1h")])))?;
        save_patch(db, &all, Node::Customer(OFFICE), &Patch(entries(&[("pin_tries", "5")])))?;
        save_settings(db, &all, Node::Customer(OFFICE), &entries(&[("ntp", "ntp.example.com")]))?;
        save_model_settings(db, &all, "yealink/T42S", &entries(&[("ntp", "preset.example.com")]))?;
        save_settings(db, &all, Node::Operator, &entries(&[("language", "en"), ("time_zone", "0")]))?;
        save_settings(db, &all, Node::Site(NORTH), &entries(&[("language", "de")]))?;
        save_settings(db, &all, Node::Customer(STRANGER), &entries(&[("language", "xx")]))?;
        save_model_settings(db, &all, "yealink", &entries(&[("screen", "1")]))?;
        save_model_settings(db, &all, "yealink/T46S", &entries(&[("screen", "2")]))?;
        login::add(db, &all, Owner::Reseller(RIVAL), "rival", &Secret::from("rivals-password"), NOW)?;
        let network = Network { network: "198.51.100.0/24".parse().unwrap(), label: String::new(), created: NOW };
        trust::add_network(db, &all, OFFICE, &network)
    };
    world.store.write(fill).await.unwrap();
    let context = world.store.read(|db| context::load(db, Some(OFFICE))).await.unwrap();
    assert_eq!(context.policy(Some(NORTH)).unwrap().policy.to_string(), "none/required");
    assert_eq!(context.policy(None).unwrap().policy.to_string(), "required/required");
    assert_eq!(context.policy(None).unwrap().policy.pin_tries, 5);
    assert_eq!(context.settings(None, "yealink/T46S", &entries(&[])).value("ntp"), Some("ntp.example.com"));
    let told = context.settings(Some(SOUTH), "yealink/T42S", &entries(&[]));
    assert_eq!(told.value("ntp"), Some("ntp.example.com"), "a customer's word is nearer than a preset of the model");
    assert_eq!(context.policy(Some(SOUTH)).unwrap().source("pin"), Some(domain::settings::Layer::Reseller));
    let device = entries(&[("time_zone", "+1")]);
    let resolved = context.settings(Some(NORTH), "yealink/T46S", &device);
    assert_eq!([resolved.value("language"), resolved.value("time_zone"), resolved.value("screen")], [Some("de"), Some("+1"), Some("2")]);
    assert_eq!(context.settings(Some(SOUTH), "yealink/T42S", &entries(&[])).value("screen"), Some("1"));
    assert!(context.trust.is_permanent("198.51.100.7".parse().unwrap()));
    assert_eq!(context.globals.len(), 1);
    assert_eq!(context.globals[0].password.expose(), "rivals-password");
    let nobody = world.store.read(|db| context::load(db, None)).await.unwrap();
    assert_eq!(nobody.policy(None).unwrap().policy.to_string(), "required/off");
    assert!(!nobody.trust.is_permanent("198.51.100.7".parse().unwrap()));
}

async fn menu_passwords_are_made_anew_place_by_place(world: World) {
    let world = world.with_tree().await;
    let at = |site| Place { reseller: Some(RESELLER), customer: OFFICE, site };
    let rounds = async || {
        let context = world.store.read(|db| context::load(db, Some(OFFICE))).await.unwrap();
        [None, Some(NORTH), Some(SOUTH)].map(|site| context.menu_round(at(site)))
    };
    assert_eq!(rounds().await, [0, 0, 0]);
    let before = world.store.read(|db| context::load(db, Some(OFFICE))).await.unwrap().revision;
    for node in [Node::Site(NORTH), Node::Customer(OFFICE), Node::Site(NORTH)] {
        world.store.write(move |db| menu_password::turn(db, &Scope::Customer(OFFICE), node)).await.unwrap();
    }
    assert_eq!(rounds().await, [1, 2, 0]);
    assert_ne!(world.store.read(|db| context::load(db, Some(OFFICE))).await.unwrap().revision, before, "what was loaded is stale");
    assert_eq!(world.store.read(|db| menu_password::round(db, &Scope::Operator, Node::Site(NORTH))).await.unwrap(), 2);
    for (scope, node) in [
        (Scope::Customer(STRANGER), Node::Site(NORTH)),
        (Scope::Reseller(RIVAL), Node::Customer(OFFICE)),
        (Scope::Site(NORTH), Node::Customer(OFFICE)),
        (Scope::Operator, Node::Operator),
        (Scope::Operator, Node::Reseller(RESELLER)),
    ] {
        assert!(is_missing(&world.store.write(move |db| menu_password::turn(db, &scope, node)).await), "{scope:?} {node:?}");
        assert!(is_missing(&world.store.read(move |db| menu_password::round(db, &scope, node)).await), "{scope:?} {node:?}");
    }
    world.store.write(|db| remove_site(db, &Scope::Operator, SOUTH)).await.unwrap();
    assert_eq!(rounds().await, [1, 2, 0]);
}

async fn a_window_is_saved_only_on_what_was_read(world: World) {
    let world = world.with_tree().await;
    let network = IpNet::from(std::net::IpAddr::from([203, 0, 113, 1]));
    let at = |opened: i64, ends: i64, pin_success: i64| {
        let [opened, ends, pin_success] = [opened, ends, pin_success].map(|hours| NOW + Span::hours(hours));
        Window { customer: OFFICE, network, opened, ends, pin_success, opened_by: tree::mac(1) }
    };
    let save = |change: WindowChange| world.store.write(move |db| save_window(db, &change));
    let kept = || world.store.read(|db| windows(db, &Scope::Operator, OFFICE));
    let refused = |result: &crate::Result<()>| matches!(result, Err(StoreError::Conflict));

    assert!(refused(&save(WindowChange::Extended(at(0, 9, 0))).await), "there is none");
    save(WindowChange::Opened(at(0, 8, 0))).await.unwrap();
    assert!(refused(&save(WindowChange::Opened(at(1, 9, 1))).await), "somebody else opened it");
    assert!(refused(&save(WindowChange::Extended(at(-1, 9, 0))).await), "this is another one than was read");
    save(WindowChange::Extended(at(0, 10, 2))).await.unwrap();
    assert!(refused(&save(WindowChange::Extended(at(0, 9, 2))).await), "it was extended further meanwhile");
    assert!(refused(&save(WindowChange::Extended(at(0, 11, 1))).await), "a later PIN stands behind it meanwhile");
    assert_eq!(kept().await.unwrap(), [at(0, 10, 2)]);
    let revision = || world.store.read(|db| Ok(context::load(db, Some(OFFICE))?.revision));
    let before = revision().await.unwrap();

    world.store.write(move |db| trust::close_window(db, &Scope::Operator, OFFICE, &network)).await.unwrap();
    let after = revision().await.unwrap();
    assert_ne!(before, after);
    assert!(refused(&save(WindowChange::Extended(at(0, 11, 2))).await), "it was closed by hand");
    assert_eq!((kept().await.unwrap(), revision().await.unwrap()), (vec![], after), "and stays closed");
    save(WindowChange::Opened(at(1, 2, 1))).await.unwrap();
    save(WindowChange::Opened(at(2, 9, 2))).await.expect("the one before has ended");
    assert_eq!(kept().await.unwrap(), [at(2, 9, 2)]);
}

async fn phones_are_told_of_a_window_that_serves_more_than_before(world: World) {
    let world = world.with_tree().await;
    let network = IpNet::from(std::net::IpAddr::from([203, 0, 113, 1]));
    let at = |ends: i64, pin_success: i64| {
        let [ends, pin_success] = [ends, pin_success].map(|hours| NOW + Span::hours(hours));
        Window { customer: OFFICE, network, opened: NOW, ends, pin_success, opened_by: tree::mac(1) }
    };
    let told = |change: WindowChange| {
        let world = &world;
        async move {
            let before = world.store.read(crate::outbox::outbox_last).await.unwrap();
            world.store.write(move |db| trust::keep_window(db, &change, NOW)).await.unwrap();
            world.store.read(move |db| crate::outbox::outbox_after(db, before)).await.unwrap()
        }
    };
    let messages = told(WindowChange::Opened(at(8, 0))).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].topic, trust::REFETCH);
    let payload: serde_json::Value = serde_json::from_str(&messages[0].payload).unwrap();
    assert_eq!(payload["network"], "203.0.113.1/32");
    assert_eq!(payload["except"], tree::mac(1).to_string());
    assert_eq!(told(WindowChange::Extended(at(9, 0))).await, [], "only longer");
    assert_eq!(told(WindowChange::Extended(at(10, 1))).await.len(), 1, "a later PIN serves phones that were reset since");
}

async fn trust_stays_with_its_customer(world: World) {
    let world = world.with_tree().await;
    let window = |number: u8, hours| Window {
        customer: OFFICE,
        network: IpNet::from(std::net::IpAddr::from([203, 0, 113, number])),
        opened: NOW,
        ends: NOW + Span::hours(hours),
        pin_success: NOW,
        opened_by: tree::mac(1),
    };
    world
        .store
        .write(move |db| {
            save_window(db, &WindowChange::Opened(window(1, 8)))?;
            save_window(db, &WindowChange::Opened(window(2, 1)))?;
            save_window(db, &WindowChange::Extended(window(1, 9)))
        })
        .await
        .unwrap();
    let of = |customer| world.store.read(move |db| windows(db, &Scope::Operator, customer));
    assert_eq!(of(OFFICE).await.unwrap(), [window(1, 9), window(2, 1)]);
    assert_eq!(of(SIBLING).await.unwrap(), []);
    assert_eq!(world.store.read(|db| trust::open_windows(db, NOW + Span::hours(2))).await.unwrap(), 1);
    let network = window(1, 0).network;
    let close = |scope| world.store.write(move |db| trust::close_window(db, &scope, OFFICE, &network));
    assert!(is_missing(&close(Scope::Customer(SIBLING)).await));
    close(Scope::Customer(OFFICE)).await.unwrap();
    assert!(is_missing(&close(Scope::Customer(OFFICE)).await), "it is gone");
    world.store.write(|db| trust::prune(db, NOW + Span::hours(26))).await.unwrap();
    assert_eq!(of(OFFICE).await.unwrap(), []);
    // Full: the windows that end first go.
    let many = move |db: &crate::Db| {
        (0..=domain::limits::TRUST_WINDOWS_MAX).try_for_each(|at| {
            let host = u32::try_from(at).unwrap();
            let network = IpNet::from(std::net::IpAddr::from((0xcb00_7100 + host).to_be_bytes()));
            let ends = NOW + Span::seconds(i64::from(host) + 1);
            save_window(db, &WindowChange::Opened(Window { network, ends, ..window(0, 0) }))
        })
    };
    world.store.write(many).await.unwrap();
    let kept = of(OFFICE).await.unwrap();
    assert_eq!(kept.len(), domain::limits::TRUST_WINDOWS_MAX);
    assert_eq!(kept.last().unwrap().ends, NOW + Span::seconds(2));
    let permanent = |at: u32| Network {
        network: IpNet::from(std::net::IpAddr::from((0xc633_6400 + at).to_be_bytes())),
        label: String::new(),
        created: NOW,
    };
    let fill = move |db: &crate::Db| (0..257).try_for_each(|at| trust::add_network(db, &Scope::Operator, OFFICE, &permanent(at)));
    assert!(matches!(world.store.write(fill).await, Err(StoreError::TooLarge { .. })));
}

async fn addresses_remember_whose_devices_came(world: World) {
    let world = world.with_tree().await;
    let network: IpNet = "203.0.113.9/32".parse().unwrap();
    world.store.write(move |db| note_address(db, &network, SIBLING, NOW)).await.unwrap();
    let shared = |customer, now| world.store.read(move |db| address_shared(db, &network, customer, now));
    assert!(shared(OFFICE, NOW).await.unwrap());
    assert!(!shared(SIBLING, NOW).await.unwrap(), "one's own devices do not count");
    assert!(shared(OFFICE, NOW + Span::days(30)).await.unwrap());
    assert!(!shared(OFFICE, NOW + Span::days(31)).await.unwrap());
    let fetched = |number, now| world.store.read(move |db| crate::device::fetch(db, tree::mac(number), &network, now));
    assert!(fetched(1, NOW).await.unwrap().unwrap().address_shared);
    assert!(!fetched(2, NOW).await.unwrap().unwrap().address_shared);
    assert!(!fetched(1, NOW + Span::days(31)).await.unwrap().unwrap().address_shared);
    let known = |network: &str, now| {
        let network: IpNet = network.parse().unwrap();
        world.store.read(move |db| trust::address_known(db, &network, now))
    };
    assert!(known("203.0.113.9/32", NOW + Span::days(30)).await.unwrap());
    assert!(!known("203.0.113.9/32", NOW + Span::days(31)).await.unwrap());
    assert!(!known("203.0.113.8/32", NOW).await.unwrap());
    assert_eq!(world.store.write(|db| trust::prune(db, NOW + Span::days(31))).await.unwrap(), 1);
}

async fn global_logins_are_numbered_once(world: World) {
    let world = world.with_tree().await;
    let add = |scope, owner| world.store.write(move |db| login::add(db, &scope, owner, "setup", &Secret::from("global-password"), NOW));
    let first = add(Scope::Operator, Owner::Operator).await.unwrap();
    let second = add(Scope::Operator, Owner::Reseller(RESELLER)).await.unwrap();
    assert_eq!((first.0, second.0), (1, 2));
    assert!(is_missing(&add(Scope::Reseller(RIVAL), Owner::Reseller(RESELLER)).await));
    assert!(is_missing(&add(Scope::Reseller(RESELLER), Owner::Operator).await));
    let all = |scope| world.store.read(move |db| login::all(db, &scope));
    assert_eq!(all(Scope::Operator).await.unwrap().len(), 2);
    assert_eq!(all(Scope::Reseller(RESELLER)).await.unwrap()[0].id, second);
    assert!(all(Scope::Customer(OFFICE)).await.unwrap().is_empty());
    let revoke = |scope, id| world.store.write(move |db| login::revoke(db, &scope, id));
    for scope in [Scope::Reseller(RIVAL), Scope::Customer(OFFICE)] {
        assert!(is_missing(&revoke(scope, second).await));
    }
    revoke(Scope::Reseller(RESELLER), second).await.unwrap();
    world.store.write(move |db| login::end(db, &Scope::Operator, first, NOW + Span::days(7))).await.unwrap();
    let kept = all(Scope::Operator).await.unwrap();
    assert!(kept[1].revoked && !kept[0].revoked);
    assert!(kept[0].in_date(NOW) && !kept[0].in_date(NOW + Span::days(7)));
    assert!(kept[0].password.matches("global-password"));
    for _ in 0..7 {
        add(Scope::Operator, Owner::Operator).await.unwrap();
    }
    assert!(matches!(add(Scope::Operator, Owner::Operator).await, Err(StoreError::TooLarge { .. })));
    let numbers: Vec<_> = all(Scope::Operator).await.unwrap().iter().map(|login| login.id.0).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
}

fn account(id: u128, name: &str, role: Role, node: Node) -> Account {
    let actor = Actor::new(role, node).unwrap();
    Account {
        id: Uuid::from_u128(id),
        name: name.into(),
        actor,
        password_hash: "$argon2id$".into(),
        created: NOW,
        disabled: false,
        version: 1,
    }
}

async fn people_act_in_their_branch_only(world: World) {
    let world = world.with_tree().await;
    let add = |scope, account: Account| world.store.write(move |db| people::add_account(db, &scope, &account));
    add(Scope::Operator, account(1, "root", Role::Operator, Node::Operator)).await.unwrap();
    add(Scope::Reseller(RESELLER), account(2, "admin@office", Role::CustomerAdmin, Node::Customer(OFFICE))).await.unwrap();
    add(Scope::Customer(OFFICE), account(3, "installer", Role::Installer, Node::Site(NORTH))).await.unwrap();
    assert!(is_missing(&add(Scope::Customer(OFFICE), account(4, "x", Role::CustomerAdmin, Node::Customer(SIBLING))).await));
    assert!(is_missing(&add(Scope::Reseller(RESELLER), account(5, "y", Role::Operator, Node::Operator)).await));
    assert!(matches!(add(Scope::Operator, account(6, "root", Role::Operator, Node::Operator)).await, Err(StoreError::Exists)));
    let world = &world;
    let names = |scope| names_of(world, scope);
    assert_eq!(names(Scope::Operator).await, ["admin@office", "installer", "root"]);
    assert_eq!(names(Scope::Customer(OFFICE)).await, ["admin@office", "installer"]);
    assert_eq!(names(Scope::Site(NORTH)).await, ["installer"]);
    assert!(names(Scope::Reseller(RIVAL)).await.is_empty());
    let promoted = Account { actor: Actor::OPERATOR, ..account(3, "installer", Role::Installer, Node::Site(NORTH)) };
    assert!(is_missing(&world.store.write(move |db| people::save_account(db, &Scope::Customer(OFFICE), &promoted)).await));
    let found = world.store.read(|db| people::account_by_name(db, "root")).await.unwrap().unwrap();
    assert_eq!(found, account(1, "root", Role::Operator, Node::Operator));
    assert!(is_missing(&world.store.write(|db| people::remove_account(db, &Scope::Customer(OFFICE), Uuid::from_u128(1))).await));
}

async fn names_of(world: &World, scope: Scope) -> Vec<String> {
    let accounts = world.store.read(move |db| people::accounts(db, &scope)).await.unwrap();
    accounts.into_iter().map(|account| account.name).collect()
}

async fn tokens_end(world: World) {
    let world = world.with_tree().await;
    let token = Token {
        id: Uuid::from_u128(1),
        hash: [7; 32],
        label: "monitoring".into(),
        actor: Actor::new(Role::Auditor, Node::Customer(OFFICE)).unwrap(),
        created: NOW,
        expires: Some(NOW + Span::days(1)),
        last_used: None,
    };
    let added = token.clone();
    world.store.write(move |db| people::add_token(db, &Scope::Customer(OFFICE), &added)).await.unwrap();
    let find = |hash, now| world.store.read(move |db| people::token(db, &hash, now));
    assert_eq!(find([7; 32], NOW).await.unwrap(), Some(token.clone()));
    assert_eq!(find([8; 32], NOW).await.unwrap(), None);
    assert_eq!(find([7; 32], NOW + Span::days(1)).await.unwrap(), None);
    world.store.write(|db| people::note_token_use(db, Uuid::from_u128(1), NOW + Span::hours(1))).await.unwrap();
    assert_eq!(find([7; 32], NOW).await.unwrap().unwrap().last_used, Some(NOW + Span::hours(1)));
    assert!(is_missing(&world.store.write(|db| people::remove_token(db, &Scope::Customer(SIBLING), Uuid::from_u128(1))).await));
    world.store.write(|db| people::remove_token(db, &Scope::Customer(OFFICE), Uuid::from_u128(1))).await.unwrap();
    assert_eq!(find([7; 32], NOW).await.unwrap(), None);
}

async fn a_request_for_the_global_login_is_decided_and_shown_once(world: World) {
    use crate::login_request::{State, add, decide, list, one, reveal};
    let world = world.with_tree().await;
    let walk = |db: &crate::Db| {
        let (all, own, rival) = (Scope::Operator, Scope::Reseller(RESELLER), Scope::Reseller(RIVAL));
        let number = add(db, own, "new phones", "somebody", NOW)?;
        let asked = one(db, &own, number)?;
        assert_eq!((asked.state, asked.node, asked.asked_by.as_str()), (State::Open, own, "somebody"));
        assert!(is_missing(&one(db, &rival, number)), "not the rival's");
        assert_eq!((list(db, &all)?.len(), list(db, &own)?.len(), list(db, &rival)?.len()), (1, 1, 0));
        assert!(matches!(reveal(db, &own, number, NOW), Err(StoreError::Refused(_))), "nobody granted it yet");
        assert_eq!(decide(db, number, State::Granted, "operator", NOW)?.state, State::Granted);
        assert!(matches!(decide(db, number, State::Declined, "operator", NOW), Err(StoreError::Refused(_))), "decided once");
        assert!(is_missing(&reveal(db, &rival, number, NOW)));
        assert_eq!(reveal(db, &own, number, NOW)?.revealed, Some(NOW));
        assert!(matches!(reveal(db, &own, number, NOW), Err(StoreError::Refused(_))), "shown once");
        assert_eq!(add(db, own, "more phones", "somebody", NOW)?, number + 1);
        Ok(())
    };
    world.store.write(walk).await.unwrap();
    let flood = |db: &crate::Db| (0..20).try_for_each(|_| add(db, Scope::Reseller(RIVAL), "", "somebody", NOW).map(drop));
    assert!(matches!(world.store.write(flood).await, Err(StoreError::TooLarge { .. })));
}
