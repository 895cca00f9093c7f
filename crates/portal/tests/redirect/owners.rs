//! Whose login goes where.

use ::redirect::Kind;
use domain::role::{Actor, Role};
use domain::tenancy::Node;
use phonesim::services::ymcs::Ymcs;
use phonesim::services::{Emulator, Provider as _};
use portal::admin::redirect::{self, NewAccount, Standing};
use portal::admin::{By, Error, device};
use store::{Scope, tenancy};

use crate::world::{World, YMCS, yealink};

async fn yealinks() -> (World, Emulator<Ymcs>) {
    let mut service = Ymcs::new(YMCS[0].1, YMCS[1].1);
    service.options.without_serial = true;
    let service = Emulator::start(service).await.unwrap();
    let world = World::new(&[(Kind::YealinkYmcs, service.base(), service.authority_pem().to_owned())]).await;
    (world, service)
}

fn fields() -> Vec<(&'static str, &'static str)> {
    [&YMCS[..], &[("without_serial", "yes")]].concat()
}

async fn at(world: &World, role: Role, name: &str) -> By {
    let name = name.to_owned();
    let node = world.admin.store.read(move |db| {
        Ok(match name.as_str() {
            "Dealer" => Node::Reseller(tenancy::reseller_by_name(db, &Scope::Operator, "Dealer")?.id),
            customer => Node::Customer(tenancy::customer_by_name(db, &Scope::Operator, customer)?.id),
        })
    });
    By { actor: Actor::new(role, node.await.unwrap()).unwrap(), ..World::by() }
}

#[tokio::test]
async fn the_operators_login_never_stands_in_a_resellers_account() {
    let (world, service) = yealinks().await;
    let dealer = at(&world, Role::Reseller, "Dealer").await;
    let fields = fields().into_iter().map(|(name, value)| (name.to_owned(), domain::Secret::from(value))).collect();
    let new = NewAccount { service: "yealink-ymcs".into(), fields, ..NewAccount::default() };
    let account = redirect::add(&world.admin, &dealer, new).await.unwrap();
    assert_eq!(account.reseller.as_deref(), Some("Dealer"));
    world.add("001565000001", "yealink/T46S", "Shop").await;
    world.add("001565000002", "yealink/T46S", "Office").await;
    world.reconcile().await;
    let standing = world.standing("001565000001").await;
    assert_eq!((standing.standing, standing.code.as_deref()), (Standing::Refused, Some("needs_own_global_login")));
    assert_eq!(service.provider().servers().count(), 0, "nothing of the operator's was written");
    assert_eq!(world.stands("001565000002").await, Standing::NoAccount, "the operator's own phones have no account");
    let password = world.rotate(Some("Dealer")).await;
    world.reconcile().await;
    assert_eq!(world.stands("001565000001").await, Standing::Listed);
    assert_eq!(service.provider().directions(yealink(1)).unwrap().password, password);
}

#[tokio::test]
async fn a_phone_that_changes_hands_changes_its_login() {
    let (world, service) = yealinks().await;
    world.add_account("yealink-ymcs", None, &fields()).await;
    let theirs = world.rotate(Some("Dealer")).await;
    world.add("001565000001", "yealink/T46S", "Office").await;
    world.reconcile().await;
    assert_ne!(service.provider().directions(yealink(1)).unwrap().password, theirs);
    let to = portal::admin::tree::NodeNames { reseller: None, customer: Some("Shop".into()), site: None };
    device::relocate(&world.admin, &World::by(), "001565000001", to, false).await.unwrap();
    world.reconcile().await;
    assert_eq!(service.provider().directions(yealink(1)).unwrap().password, theirs);
    assert_eq!(service.provider().devices().count(), 1);
}

#[tokio::test]
async fn accounts_are_their_owners_and_a_customer_sees_only_how_a_phone_stands() {
    let (world, _service) = yealinks().await;
    let ours = world.add_account("yealink-ymcs", None, &fields()).await;
    world.add("001565000001", "yealink/T46S", "Shop").await;
    world.reconcile().await;
    let dealer = at(&world, Role::Reseller, "Dealer").await;
    assert!(matches!(redirect::show(&world.admin, &dealer, ours.id).await, Err(Error::NotFound(_))));
    assert_eq!(redirect::list(&world.admin, &dealer).await.unwrap(), []);
    let admin = at(&world, Role::CustomerAdmin, "Shop").await;
    assert_eq!(redirect::list(&world.admin, &admin).await, Err(Error::Forbidden));
    let standing = redirect::standing(&world.admin, &admin, "001565000001").await.unwrap();
    assert_eq!((standing.standing, standing.account), (Standing::Listed, None));
    assert_eq!(redirect::address(&world.admin, &admin, "001565000001").await, Err(Error::Forbidden));
    let stranger = at(&world, Role::CustomerAdmin, "Office").await;
    assert!(matches!(redirect::standing(&world.admin, &stranger, "001565000001").await, Err(Error::NotFound(_))));
    // A second account for the same brand would have two masters for each phone.
    let fields = fields().into_iter().map(|(name, value)| (name.to_owned(), domain::Secret::from(value))).collect();
    let twin = NewAccount { service: "yealink-ymcs".into(), fields, ..NewAccount::default() };
    assert_eq!(redirect::add(&world.admin, &World::by(), twin).await.unwrap_err().code(), "redirect_taken");
}
