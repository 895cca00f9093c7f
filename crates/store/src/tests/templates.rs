//! The operator's own files of brands, on both engines.

use domain::Span;
use domain::tenancy::Node;

use crate::limits::{TEMPLATE_BYTES_MAX, TEMPLATES_BYTES_MAX, TEMPLATES_MAX};
use crate::outbox::outbox_after;
use crate::template::{self, Base, TOPIC, Template};
use crate::tests::fixture::{NOW, World, on_both};
use crate::tests::tree::RESELLER;
use crate::{Db, Result, Scope, Store, StoreError};

on_both! {
    a_template_is_kept_changed_and_removed
    what_was_tried_on_an_older_state_is_not_kept
    templates_are_the_operators_alone
    templates_are_bounded
}

fn own(file: &str, text: &str) -> Template {
    Template {
        brand: "yealink".into(),
        file: file.into(),
        text: text.into(),
        base: Base { hash: "ab".repeat(32), version: "0.1.0".into() },
        created: NOW,
        updated: NOW,
        updated_by: "operator".into(),
        revision: 0,
    }
}

async fn write<T: Send + 'static>(store: &Store, act: impl Fn(&Db, i64) -> Result<T> + Send + 'static) -> Result<T> {
    store.write(move |db| act(db, template::head(db)?)).await
}

async fn add(store: &Store, own: Template) -> Result<i64> {
    write(store, move |db, head| template::add(db, &Scope::Operator, &own, head)).await
}

async fn a_template_is_kept_changed_and_removed(world: World) {
    let store = &world.store;
    let first = add(store, own("templates/full.cfg.j2", "one")).await.unwrap();
    add(store, own("brand.toml", "two")).await.unwrap();
    let again = add(store, own("brand.toml", "three")).await;
    assert!(matches!(again, Err(StoreError::Exists)), "{again:?}");
    let (later, base) = (NOW + Span::seconds(9), Base { hash: "cd".repeat(32), version: "0.2.0".into() });
    let changed =
        Template { updated: later, updated_by: "somebody".into(), base, created: later, ..own("templates/full.cfg.j2", "one and a half") };
    let saved = changed.clone();
    let revision = write(store, move |db, head| template::save(db, &Scope::Operator, &saved, head)).await.unwrap();
    assert!(revision > first);
    let (all, one) =
        store.read(|db| Ok((template::all(db)?, template::load(db, &Scope::Operator, "yealink", "templates/full.cfg.j2")?))).await.unwrap();
    assert_eq!(one, Template { created: NOW, revision, ..changed });
    assert_eq!(all.iter().map(|one| one.file.as_str()).collect::<Vec<_>>(), ["brand.toml", "templates/full.cfg.j2"]);
    assert_eq!(all[1], one);

    let remove = |file: &'static str| write(store, move |db, head| template::remove(db, &Scope::Operator, NOW, "yealink", file, head));
    remove("templates/full.cfg.j2").await.unwrap();
    let gone = remove("templates/full.cfg.j2").await;
    assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
    let missing = own("templates/full.cfg.j2", "");
    let gone = write(store, move |db, head| template::save(db, &Scope::Operator, &missing, head)).await;
    assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
    let anew = add(store, own("templates/full.cfg.j2", "one")).await.unwrap();
    assert!(anew > revision, "no revision comes twice");
    let told = store.read(|db| outbox_after(db, 0)).await.unwrap();
    let told: Vec<_> = told.iter().filter(|message| message.topic == TOPIC).map(|message| message.payload.as_str()).collect();
    let full = r#"{"brand":"yealink","file":"templates/full.cfg.j2"}"#;
    assert_eq!(told, [full, r#"{"brand":"yealink","file":"brand.toml"}"#, full, full, full], "what was undone told nobody");
}

async fn what_was_tried_on_an_older_state_is_not_kept(world: World) {
    let store = &world.store;
    let head = store.read(template::head).await.unwrap();
    add(store, own("brand.toml", "one")).await.unwrap();
    let late = store.write(move |db| template::add(db, &Scope::Operator, &own("guide.md", "two"), head)).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    let late = store.write(move |db| template::save(db, &Scope::Operator, &own("brand.toml", "two"), head)).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    let late = store.write(move |db| template::remove(db, &Scope::Operator, NOW, "yealink", "brand.toml", head)).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    let all = store.read(template::all).await.unwrap();
    assert_eq!(all.iter().map(|one| (one.file.as_str(), one.text.as_str())).collect::<Vec<_>>(), [("brand.toml", "one")]);
}

async fn templates_are_the_operators_alone(world: World) {
    let (store, scope) = (&world.store, Node::Reseller(RESELLER));
    add(store, own("brand.toml", "one")).await.unwrap();
    let refused = write(store, move |db, head| template::add(db, &scope, &own("guide.md", ""), head)).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    let refused = write(store, move |db, head| template::save(db, &scope, &own("brand.toml", ""), head)).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    let refused = write(store, move |db, head| template::remove(db, &scope, NOW, "yealink", "brand.toml", head)).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    let refused = store.read(move |db| template::load(db, &scope, "yealink", "brand.toml")).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    assert_eq!(store.read(template::all).await.unwrap()[0].text, "one");
}

async fn templates_are_bounded(world: World) {
    let store = &world.store;
    let refused = add(store, own("guide.md", &"x".repeat(TEMPLATE_BYTES_MAX + 1))).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    let largest = TEMPLATES_BYTES_MAX / i64::try_from(TEMPLATE_BYTES_MAX).unwrap();
    for at in 0..largest {
        add(store, own(&format!("templates/{at}"), &"x".repeat(TEMPLATE_BYTES_MAX))).await.unwrap();
    }
    let refused = add(store, own("guide.md", "x")).await;
    assert!(matches!(&refused, Err(StoreError::Refused(why)) if why.contains("4 MiB")), "{refused:?}");
    for at in 0..largest {
        let shorter = own(&format!("templates/{at}"), "x");
        write(store, move |db, head| template::save(db, &Scope::Operator, &shorter, head)).await.unwrap();
    }
    for at in largest..TEMPLATES_MAX {
        add(store, own(&format!("templates/{at}"), "x")).await.unwrap();
    }
    let refused = add(store, own("guide.md", "x")).await;
    assert!(matches!(&refused, Err(StoreError::Refused(why)) if why.contains("at most 256 files")), "{refused:?}");
}
