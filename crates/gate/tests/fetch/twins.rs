//! Twins: a phone that somebody added and one that nobody added, asked the same by somebody without a login. Nothing that comes back may
//! tell them apart: not the status, not a header, not a length, not a byte beside the MAC and what is drawn at random.

use domain::Mac;
use domain::pin::Caller;
use domain::policy::Policy;
use gate::phones::Method;
use http::HeaderValue;

use crate::own_door;
use crate::world::{Auth, MAC, Reply, Sent, World};

/// Differs from [`MAC`] in digits only, so that nothing changes its length.
const UNKNOWN: &str = "001565000009";
/// What was added, another model, one that the catalogue does not know, no MAC, another brand, nothing at all.
const AGENTS: [&str; 6] = [
    "Yealink SIP-T46S 66.86.0.15 {mac}",
    "Yealink SIP-T31P 124.86.0.40 {mac}",
    "Yealink SIP-T99Z 1.86.0.1 {mac}",
    "Yealink",
    "snomD785-SIP 10.1.175.16 000413000001",
    "",
];
const FILES: [&str; 9] =
    ["M.cfg", "M.boot", "M-local.cfg", "M-contact.xml", "M.enc", "M.cfg.enc", "y000000000066.cfg", "y000000000000.boot", "firmware.rom"];

/// A test for each policy, so that they run beside each other.
mod without_a_login_nothing_tells_a_known_phone_from_an_unknown_one {
    use super::check;

    #[tokio::test(flavor = "multi_thread")]
    async fn by_the_global_login() {
        check(&[]).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn by_the_pin() {
        check(&[("login", "none"), ("pin", "required")]).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn by_both() {
        check(&[("login", "required"), ("pin", "required")]).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn by_a_certificate() {
        check(&[("certificate", "accept")]).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn by_the_pin_where_a_mismatch_is_refused() {
        check(&[("login", "none"), ("pin", "required"), ("ua_mismatch", "refuse")]).await;
    }
}

async fn check(policy: &[(&str, &str)]) {
    for kind in Known::ALL {
        let world = World::new(policy).await;
        kind.befall(&world).await;
        // What a phone shows and what befell it are looked at apart: nothing joins the two but the rules.
        for agent in if kind == Known::New { &AGENTS[..] } else { &AGENTS[..1] } {
            let (known, unknown) = (visit(&world, MAC, agent).await, visit(&world, UNKNOWN, agent).await);
            for (step, (known, unknown)) in known.iter().zip(&unknown).enumerate() {
                assert_eq!(known, unknown, "step {step} under {policy:?}, {kind:?}, asked by {agent:?}");
            }
            assert_eq!(known.len(), unknown.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_pins_leave_the_same_trace_on_both() {
    let world = World::new(&[("login", "none"), ("pin", "required")]).await;
    let mut shown = Vec::new();
    for mac in [MAC, UNKNOWN] {
        let path = format!("/cfg/{mac}.cfg");
        let (office, elsewhere) = ("198.51.100.7", "203.0.113.9");
        let (door, claim) = own_door(&world.get_from(office, &path, Auth::None).await);
        let own_file = format!("{door}{mac}.cfg");
        // First used at the office; the calls come from elsewhere, with a claim that somebody carried there.
        let mut notices = vec![world.get_from(office, &own_file, claim.clone()).await];
        for _ in 0..3 {
            key_in(&world, mac, &door, elsewhere).await;
        }
        for address in [office, elsewhere] {
            notices.push(world.get_from(address, &own_file, claim.clone()).await);
            notices.push(world.get_from(address, &path, Auth::None).await);
        }
        shown.push(notices.iter().map(|reply| seen(reply, mac)).collect::<Vec<_>>());
    }
    assert!(shown[0].iter().any(|text| text.contains("Authentication failed")), "the wrong PINs show");
    assert_eq!(shown[0], shown[1]);
}

/// What may have befallen the known phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    New,
    Disabled,
    Broken,
    Disarmed,
    HandedOver,
    Live,
}

impl Known {
    const ALL: [Self; 6] = [Self::New, Self::Disabled, Self::Broken, Self::Disarmed, Self::HandedOver, Self::Live];

    async fn befall(self, world: &World) {
        match self {
            Self::New => {}
            Self::Disabled => {
                let mut device = world.device().await;
                device.disabled = true;
                world.change(device).await;
            }
            Self::Broken => world.overload().await,
            Self::Disarmed => {
                let device = domain::admin::allow_global(&world.device().await, false, &Policy::default(), world.now).device;
                world.change(device).await;
            }
            // These need the global login to be the only factor; elsewhere the phone stays new. A live phone under `login=none` is the
            // one that may be told apart.
            Self::HandedOver | Self::Live => {
                let given = world.get_from("192.0.2.1", &format!("/cfg/{MAC}.cfg"), World::global()).await;
                if matches!(self, Self::Live) && given.status == 200 && given.parsed().notice.is_none() {
                    let (door, own) = own_door(&given);
                    assert_eq!(world.get_from("192.0.2.1", &format!("{door}{MAC}.cfg"), own).await.status, 200);
                }
            }
        }
    }
}

/// Everything that somebody without a login can ask about one phone, and what came back.
async fn visit(world: &World, mac: &str, agent: &str) -> Vec<String> {
    let agent = agent.replace("{mac}", &mac.parse::<Mac>().unwrap().with_colons());
    let asked = |path: &str, auth: Auth| (path.to_owned(), auth);
    let mut questions = Vec::new();
    for file in FILES {
        questions.push(asked(&format!("/cfg/{}", file.replace('M', mac)), Auth::None));
    }
    let carrier = format!("/cfg/{mac}.cfg");
    let wrong = Auth::Basic("phones".into(), "wrong".into());
    questions.push(asked(&carrier, wrong.clone()));
    questions.push(asked(&carrier, Auth::Digest("nobody".into(), "wrong".into())));
    questions.push(asked(&carrier, Auth::Raw("Digest username".into())));
    questions.push(asked(&carrier, Auth::Raw("Bearer x".into())));
    questions.push(asked("/cfg", Auth::None));
    questions.push(asked(&format!("/cfg/k/nothing/{mac}.cfg"), Auth::None));
    questions.push(asked(&format!("/cfg/g/nothing/{mac}.cfg"), Auth::None));
    questions.push(asked(&format!("/cfg/d/nothing/{mac}.cfg"), Auth::None));
    questions.push(asked(&format!("/cfg/d/nothing/{mac}.cfg"), wrong));
    let first = ask(world, &agent, &carrier, Auth::None, Method::Get).await;
    if first.status == 200 {
        let (door, claim) = own_door(&first);
        for file in FILES {
            questions.push(asked(&format!("{door}{}", file.replace('M', mac)), claim.clone()));
        }
        questions.push(asked(&format!("{door}{mac}.cfg"), Auth::None));
        questions.push(asked(&door, claim.clone()));
        questions.push(asked(&carrier, claim));
    }
    let mut came_back = Vec::new();
    for (path, auth) in questions {
        for method in [Method::Get, Method::Head] {
            let reply = ask(world, &agent, &path, auth.clone(), method).await;
            came_back.push(format!("{} {}: {}", method.as_str(), path.replace(mac, "M"), seen(&reply, mac)));
        }
    }
    let masked = |line: String| match own_handle(&line) {
        Some(handle) => line.replace(&handle, "H"),
        None => line,
    };
    came_back.into_iter().map(masked).collect()
}

async fn ask(world: &World, agent: &str, path: &str, auth: Auth, method: Method) -> Reply {
    world.send(Sent { agent: Some(agent), method, address: "198.51.100.7", ..Sent::get(path, auth) }).await
}

/// An answer as an eavesdropper on himself would compare it: all of it, with the MAC and what is drawn at random masked by its length.
fn seen(reply: &Reply, mac: &str) -> String {
    let mut body = String::from_utf8_lossy(&reply.body).into_owned();
    if reply.status == 200 && body.contains("/cfg/d/") {
        let parsed = reply.parsed();
        let account = parsed.accounts.first();
        let account_password = account.and_then(|account| account.password.as_ref()).map(|password| password.expose().clone());
        let secrets = [parsed.provisioning.user, parsed.provisioning.password.map(|password| password.expose().clone()), account_password];
        for secret in secrets.into_iter().flatten() {
            body = body.replace(&secret, &format!("<{}>", secret.len()));
        }
    }
    let with_colons = mac.parse::<Mac>().unwrap().with_colons();
    for spelled in [mac, &with_colons, &mac.to_uppercase(), &with_colons.to_uppercase(), &mac[6..]] {
        body = body.replace(spelled, "<mac>");
    }
    let challenges: Vec<String> = reply.challenges.iter().map(|challenge| without_nonce(challenge.to_str().unwrap())).collect();
    let tag = reply.etag.as_ref().map(HeaderValue::len);
    format!(
        "{} {:?} tag {tag:?} retry {:?} {challenges:?} {} bytes: {body}",
        reply.status,
        reply.content_type,
        reply.retry_after,
        reply.body.len()
    )
}

fn without_nonce(challenge: &str) -> String {
    match challenge.split_once("nonce=\"").and_then(|(before, rest)| Some((before, rest.split_once('"')?))) {
        Some((before, (nonce, after))) => format!("{before}nonce<{}>{after}", nonce.len()),
        None => challenge.to_owned(),
    }
}

fn own_handle(line: &str) -> Option<String> {
    let handle = line.split_once("/cfg/d/")?.1.split('/').next()?;
    (handle.len() == domain::claim::TOKEN_CHARS).then(|| handle.to_owned())
}

/// Somebody keys in a PIN that is not right.
async fn key_in(world: &World, mac: &str, door: &str, address: &str) {
    let claim = world.keys.read(door.trim_start_matches("/cfg/d/").trim_end_matches('/')).unwrap();
    let caller = Caller { claim, address: address.parse().unwrap(), model: "" };
    let mut policy = Policy::default();
    policy.set("login", "none").unwrap();
    policy.set("pin", "required").unwrap();
    if mac == MAC {
        let device = world.device().await;
        let wrong = if device.auth.pin.as_ref().unwrap().reveal() == "000000" { "000001" } else { "000000" };
        let decided = domain::pin::enter(&device, caller, wrong, &policy, &[], world.now);
        world.change(decided.device.unwrap()).await;
    } else {
        world.desk.tables().with_stranger(mac.parse().unwrap(), |stranger| stranger.enter(caller, "000000", &policy, &[], world.now));
    }
}
