//! Who may do what to whom, asked of the acts themselves: a committed table.

use std::fmt::Write as _;

use domain::Secret;
use domain::Span;
use portal::admin::brands::{self, Preview};
use portal::admin::device::{self, Which};
use portal::admin::import::{self, Mode};
use portal::admin::site::{self, NewSite};
use portal::admin::token::{self, NewToken};
use portal::admin::tree::NodeNames;
use portal::admin::trunk::{self, NewTrunk};
use portal::admin::trust::{self, NewTrust};
use portal::admin::{
    Admin, By, Error, audit, customer, export, global_login, login_request, menu_password, policy, prompt, reseller, setting,
};

use crate::world::{OFFICE, PEOPLE, SHOP, World};

/// Acts that can be repeated, on a phone or customer of `Shop` unless they say otherwise.
const ACTS: [&str; 50] = [
    "device show",
    "sees the PIN",
    "device show at Office",
    "device requests",
    "device calls",
    "device list",
    "device add",
    "device reset",
    "device allow-global",
    "device suspend",
    "device resync",
    "device set-login",
    "device allow-second",
    "device rotate-login",
    "device enable",
    "device move to Office",
    "device delete absent",
    "brands render",
    "brands render --why",
    "export",
    "import",
    "policy show",
    "policy set",
    "policy set at operator",
    "setting show",
    "setting set",
    "setting set at operator",
    "setting set of a brand",
    "setting set of a phone",
    "menu passwords",
    "menu passwords rotate",
    "trust add",
    "trust list",
    "site add",
    "trunk add for Shop",
    "trunk add for operator",
    "trunk list",
    "prompt list",
    "prompt set",
    "prompt remove absent",
    "prompt language",
    "customer list",
    "reseller add",
    "token create for Shop",
    "token create for operator",
    "global-login show",
    "global-login request",
    "global-login grant",
    "audit list",
    "audit verify",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_of_acts() {
    let world = World::new().await;
    let mut people = Vec::new();
    for (role, at) in PEOPLE {
        people.push(world.somebody(role, at).await);
    }
    let mut table = format!("{:<28}", "");
    for by in &people {
        write!(table, "{:<26}", by.name).unwrap();
    }
    for act in ACTS {
        write!(table, "\n{act:<28}").unwrap();
        for by in &people {
            let outcome = match perform(&world.admin, by, act).await {
                Ok(told) => told,
                Err(error) => error.code().to_owned(),
            };
            write!(table, "{outcome:<26}").unwrap();
        }
    }
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

async fn perform(admin: &Admin, by: &By, act: &str) -> Result<String, Error> {
    let shop = || NodeNames::customer("Shop");
    let done = || "yes".to_owned();
    let language = || vec!["language=de".to_owned()];
    Ok(match act {
        "device show" => device::show(admin, by, SHOP).await.map(|_| done())?,
        "sees the PIN" => device::show(admin, by, SHOP).await.map(|view| if view.pin.is_some() { done() } else { "no".into() })?,
        "device show at Office" => device::show(admin, by, OFFICE).await.map(|_| done())?,
        "device requests" => device::requests(admin, by, SHOP).await.map(|_| done())?,
        "device calls" => device::calls(admin, by, SHOP).await.map(|_| done())?,
        "device list" => device::list(admin, by, Which::default()).await.map(|all| format!("{} phones", all.len()))?,
        "device add" => device::add(admin, by, crate::world::phone(SHOP, "Shop", Some("Front"))).await.map(|_| done())?,
        "device reset" => device::reset(admin, by, SHOP).await.map(|_| done())?,
        "device allow-global" => device::allow_global(admin, by, SHOP, true).await.map(|_| done())?,
        "device suspend" => device::suspend(admin, by, SHOP, Some(Span::minutes(1)), None).await.map(|_| done())?,
        "device resync" => device::resync(admin, by, SHOP).await.map(|_| done())?,
        "device set-login" => device::set_login(admin, by, SHOP, "desk", &Secret::from("correct-horse-9")).await.map(|_| done())?,
        // These two are for phones in a state that this one is not in: whoever may is told so.
        "device allow-second" => device::allow_second_claimant(admin, by, SHOP).await.map(|_| done())?,
        "device rotate-login" => device::rotate_login(admin, by, SHOP).await.map(|_| done())?,
        "device enable" => device::disable(admin, by, SHOP, false).await.map(|_| done())?,
        "device move to Office" => {
            let moved = device::relocate(admin, by, SHOP, NodeNames::customer("Office"), false).await.map(|_| done())?;
            // Back again, for those who come after.
            let back = NodeNames { site: Some("Front".into()), ..shop() };
            device::relocate(admin, &By::command_line(by.now), SHOP, back, false).await?;
            moved
        }
        "device delete absent" => device::delete(admin, by, "001565000099").await.map(|()| done())?,
        "brands render" => brands::render(admin, by, SHOP, Preview::default()).await.map(|_| done())?,
        "brands render --why" => brands::render(admin, by, SHOP, Preview { why: true, ..Preview::default() }).await.map(|_| done())?,
        "export" => {
            let text = String::from_utf8(export::csv(admin, by, Which::default()).await?).unwrap();
            let pins = text.lines().skip(1).filter(|line| !line.ends_with(',')).count();
            format!("{} rows, {pins} PINs", text.lines().count() - 1)
        }
        "import" => {
            let text = format!("vendor,type,mac,customer,site\nyealink,T46S,{SHOP},Shop,Front\n");
            let outcome = import::run(admin, by, text.as_bytes(), Mode { dry_run: true, partial: false }).await?;
            outcome.failed.first().map_or_else(done, |row| row.code.clone())
        }
        "policy show" => policy::show(admin, by, shop()).await.map(|_| done())?,
        "policy set" => policy::set(admin, by, shop(), vec!["resync=1h-2h".into()], false).await.map(|_| done())?,
        "setting show" => setting::show(admin, by, setting::Of::Node(shop())).await.map(|_| done())?,
        "setting set" => setting::set(admin, by, setting::Of::Node(shop()), language()).await.map(|_| done())?,
        "setting set at operator" => setting::set(admin, by, setting::Of::Node(NodeNames::default()), language()).await.map(|_| done())?,
        "setting set of a brand" => setting::set(admin, by, setting::Of::Kind("yealink".into()), language()).await.map(|_| done())?,
        "setting set of a phone" => setting::set(admin, by, setting::Of::Device(SHOP.into()), language()).await.map(|_| done())?,
        "menu passwords" => menu_password::show(admin, by, shop()).await.map(|_| done())?,
        "menu passwords rotate" => menu_password::rotate(admin, by, shop()).await.map(|_| done())?,
        "policy set at operator" => {
            policy::set(admin, by, NodeNames::default(), vec!["resync=4h-6h".into()], false).await.map(|_| done())?
        }
        "trust add" => {
            let new = NewTrust { customer: "Shop".into(), network: "198.51.100.0/24".into(), ..NewTrust::default() };
            trust::add(admin, by, new).await.map(|_| done())?
        }
        "trust list" => trust::list(admin, by, "Shop".into()).await.map(|_| done())?,
        "site add" => {
            let new = NewSite { customer: "Shop".into(), name: by.name.clone(), ..NewSite::default() };
            site::add(admin, by, new).await.map(|_| done())?
        }
        "trunk add for Shop" => trunk::add(admin, by, new_trunk(&format!("{} Shop", by.name), shop())).await.map(|_| done())?,
        "trunk add for operator" => trunk::add(admin, by, new_trunk(&by.name, NodeNames::default())).await.map(|_| done())?,
        "trunk list" => trunk::list(admin, by).await.map(|all| format!("{} trunks", all.len()))?,
        "prompt list" => prompt::list(admin, by, Some("de")).await.map(|_| done())?,
        "prompt set" => prompt::set(admin, by, "de", "goodbye", prompts::wav::write(&[900; 800])).await.map(|_| done())?,
        "prompt remove absent" => prompt::remove(admin, by, "de", "wrong").await.map(|()| done())?,
        "prompt language" => prompt::set_language(admin, by, "de").await.map(|_| done())?,
        "customer list" => customer::list(admin, by).await.map(|all| format!("{} customers", all.len()))?,
        "reseller add" => reseller::add(admin, by, &by.name, domain::tenancy::ResellerKind::Channel).await.map(|_| done())?,
        "token create for Shop" => token::create(admin, by, new_token("auditor", shop())).await.map(|_| done())?,
        "token create for operator" => token::create(admin, by, new_token("operator", NodeNames::default())).await.map(|_| done())?,
        "global-login show" => global_login::show(admin, by, None).await.map(|_| done())?,
        "global-login request" => login_request::add(admin, by, None, "").await.map(|view| view.requester)?,
        "global-login grant" => {
            let newest = login_request::list(admin, &By::command_line(by.now)).await?.first().map_or(0, |request| request.id);
            login_request::decide(admin, by, newest, true).await.map(|_| done())?
        }
        "audit list" => {
            let entries = audit::list(admin, by, 1000).await?;
            let others = entries.iter().any(|entry| entry.scope.contains("Office"));
            format!("yes{}", if others { ", Office too" } else { "" })
        }
        "audit verify" => audit::verify(admin, by).await.map(|_| done())?,
        other => panic!("no act {other}"),
    })
}

fn new_trunk(name: &str, place: NodeNames) -> NewTrunk {
    NewTrunk { name: name.into(), uri: "sip:trunk.example.com".into(), place, priority: 100, ..NewTrunk::default() }
}

fn new_token(role: &str, at: NodeNames) -> NewToken {
    NewToken { role: role.into(), at, label: "test".into(), lasts: None }
}
