//! What a phone would get now, from an address, by what it could show, and why. Nothing comes of asking.

use std::net::IpAddr;

use ::brands::{Brand, Capability, Catalogue};
use domain::admission::{Answer, BrandTraits, Decision, Door, Notice, Request, Surroundings, admit};
use domain::channel::Channel;
use domain::device::Device;
use domain::evidence::{Evidence, Proof, Wrong};
use domain::net::{canonical, site_network};
use domain::role::Action;
use domain::{Mac, Span};
use serde::Serialize;
use store::context::Context;
use utoipa::ToSchema;

use super::device::{load, parse_mac};
use super::{Admin, By, Error};
use crate::edge::SystemChance;

/// What a phone would get, for each thing that it could show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimulationView {
    /// Twelve lower-case digits.
    pub mac: String,
    /// From where.
    pub address: String,
    /// Over TLS; one for each proof that the phone could show.
    pub answers: Vec<SimulatedAnswer>,
}

/// What one proof would bring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SimulatedAnswer {
    /// `nothing`, `wrong`, `global`, `own`: what the phone shows.
    pub evidence: &'static str,
    /// `challenge`, `restricted`, `signpost`, `full`, `public`: what it gets.
    pub decision: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Why: a stable code.
    pub reason: &'static str,
    /// The same in words.
    pub explanation: &'static str,
    /// Of a restricted config: `needed`, `failed`, `blocked`, `reset_needed`.
    pub notice: Option<&'static str>,
    /// How soon the phone would come back, in seconds.
    pub poll_seconds: Option<i64>,
}

/// Decides without keeping anything. What a node of the cluster remembers of its traffic alone (how many phones an address brought within
/// the hour, challenges left unanswered) is not looked at.
pub async fn simulate(admin: &Admin, by: &By, mac: &str, address: &str) -> Result<SimulationView, Error> {
    let mac = parse_mac(mac)?;
    let address: IpAddr = address.parse().map_err(|_| Error::invalid("address", "address: an IPv4 or IPv6 address"))?;
    let (by, admin_too, address) = (by.clone(), admin.clone(), canonical(address));
    admin
        .read(move |db| {
            let (stored, policy) = load(db, &by, mac, Action::ViewDevices)?;
            let (device, customer) = (&stored.device, stored.device.place.customer);
            let context = store::context::load(db, Some(customer))?;
            let seen = store::seen::seen(db, &by.scope(), mac)?;
            let around = Surroundings {
                policy: &policy,
                globals: &context.globals,
                trust: &context.trust,
                address_shared: store::trust::address_shared(db, &site_network(address), customer, by.now)?,
                first_contacts: 0,
                ignores_challenges: false,
                last_address: seen.and_then(|seen| seen.own_address),
                stranger: None,
                keys: &admin_too.keys,
            };
            let brand = traits(&admin_too.catalogue.current(), &device.model);
            let decide = |(door, proof): (Door, Proof)| {
                let evidence = Evidence { proof, ..Evidence::NOTHING };
                let word = shown(&evidence.proof);
                let (channel, model) = (Channel::Open, device.model.as_str());
                let request = Request { door, carrier: true, get: true, address, channel, mac, evidence, brand, model };
                told(word, &admit(Some(device), &request, &around, by.now, &mut SystemChance))
            };
            let answers = proofs(device, &context, &by).into_iter().map(decide).collect();
            Ok(SimulationView { mac: Mac::to_string(&mac), address: address.to_string(), answers })
        })
        .await
}

/// What this phone could show: nothing, a wrong login, the newest global login that counts for it, its own.
fn proofs(device: &Device, context: &Context, by: &By) -> Vec<(Door, Proof)> {
    let mut all = vec![(Door::Front, Proof::Nothing), (Door::Front, Proof::Wrong(Wrong::Credentials))];
    let globals = context.globals.iter().filter(|global| global.in_date(by.now) && global.covers(&device.place));
    all.extend(globals.max_by_key(|global| global.id.0).map(|global| (Door::Front, Proof::Global(global.id))));
    all.extend(device.auth.live.as_ref().map(|live| (Door::Own, Proof::Own(live.login.clone()))));
    all
}

fn traits(catalogue: &Catalogue, model: &str) -> BrandTraits {
    let found = catalogue.model(model);
    let brand = found.map(|(brand, _)| brand);
    BrandTraits {
        front_door_sticks: brand.is_some_and(Brand::front_door_sticks),
        shortest_poll: Span::seconds(found.map_or(60, |(_, model)| model.shortest_poll_seconds).into()),
        renews_trust: found.is_some_and(|(_, model)| model.renews_trust == Capability::Yes),
        retry_delay: Span::seconds(brand.map_or(0, Brand::retry_delay_seconds).into()),
        seals_files: brand.is_some_and(|brand| brand.encrypted_file().is_some() && !brand.logs_in_by_path()),
    }
}

fn shown(proof: &Proof) -> &'static str {
    match proof {
        Proof::Nothing | Proof::Stale => "nothing",
        Proof::Wrong(_) => "wrong",
        Proof::Global(_) => "global",
        Proof::Claim(_) => "claim",
        Proof::Own(_) => "own",
    }
}

fn told(evidence: &'static str, decision: &Decision) -> SimulatedAnswer {
    let (word, status, notice, poll) = match &decision.answer {
        Answer::Challenge { .. } => ("challenge", 401, None, None),
        Answer::Public => ("public", 200, None, None),
        Answer::Full { poll, .. } => ("full", 200, None, Some(poll)),
        Answer::Signpost { poll, .. } => ("signpost", 200, None, Some(poll)),
        Answer::Restricted { poll, notice, .. } => ("restricted", 200, Some(notice_word(*notice)), Some(poll)),
    };
    SimulatedAnswer {
        evidence,
        decision: word,
        status,
        reason: decision.reason.code(),
        explanation: decision.reason.sentence(),
        notice,
        poll_seconds: poll.map(|poll| poll.as_seconds()),
    }
}

fn notice_word(notice: Notice) -> &'static str {
    match notice {
        Notice::Needed => "needed",
        Notice::Failed => "failed",
        Notice::Blocked => "blocked",
        Notice::ResetNeeded => "reset_needed",
    }
}
