//! SIPp scenarios, put together from steps. A caller's own numbers are in the text, so that no injection file is needed.

use std::fmt::Write as _;

use crate::account::Account;

/// What a phone offers: PCMU with telephone events, on payload type 96 as SIPp sends them.
pub(crate) const WITH_EVENTS: &str =
    "m=audio [media_port] RTP/AVP 0 96\na=rtpmap:0 PCMU/8000\na=rtpmap:96 telephone-event/8000\na=fmtp:96 0-15\na=ptime:20";

/// An adapter that sends keys as tones.
pub(crate) const TONES_ONLY: &str = "m=audio [media_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\na=ptime:20";

/// After how many milliseconds SIPp sends a request again. Nothing is lost on loopback; a machine that stalls for half a second would
/// have a second answer come, which SIPp takes for the wrong one.
const AGAIN: &str = " retrans=\"4000\"";

/// Where a phone says that it is.
pub(crate) const HONEST: &str = "[local_ip]:[local_port]";

/// A scenario that grows by its steps.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    name: &'static str,
    steps: String,
    account: Option<Account>,
    /// What Via and Contact say.
    at: String,
    /// The number dialled, and of the requests in this call.
    dialled: String,
    sequence: u32,
    checks: u32,
}

impl Scenario {
    /// One that waits for calls.
    pub(crate) fn new(name: &'static str) -> Self {
        let (steps, account, dialled) = (String::new(), None, String::new());
        Self { name, steps, account, at: HONEST.to_owned(), dialled, sequence: 0, checks: 0 }
    }

    /// One of a phone with this account.
    pub(crate) fn of(name: &'static str, account: &Account) -> Self {
        Self { account: Some(account.clone()), ..Self::new(name) }
    }

    /// Lies about the phone's address, as phones behind address translation do.
    pub(crate) fn lying(self, at: &str) -> Self {
        Self { at: at.to_owned(), ..self }
    }

    /// The scenario as SIPp reads it.
    pub(crate) fn xml(&self) -> String {
        let used: Vec<String> = (1..=self.checks).map(|number| number.to_string()).collect();
        let used = if used.is_empty() { String::new() } else { format!("  <Reference variables=\"{}\"/>\n", used.join(",")) };
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE scenario SYSTEM \"sipp.dtd\">";
        format!("{head}\n<scenario name=\"{}\">\n{}{used}</scenario>\n", self.name, self.steps)
    }

    // ── a phone's steps ─────────────────────────────────────────────────────────────────────────────────────────

    /// Registers: asked for digest once, then taken.
    pub(crate) fn register(self) -> Self {
        let account = self.account();
        let to = format!("<sip:{}@{}>", account.user, account.host);
        let uri = format!("sip:{}", account.host);
        let expires = "Expires: 300\n";
        let first = self.request("REGISTER", &uri, &to, "register///[call_id]", 1, expires, "");
        let second = self.request("REGISTER", &uri, &to, "register///[call_id]", 2, &format!("{}{expires}", account.tag()), "");
        self.step(&first).maybe(&[100]).step("<recv response=\"401\" auth=\"true\"/>").step(&second).maybe(&[100]).status(200)
    }

    /// Registers with a wrong password: asked for digest, then asked again.
    pub(crate) fn register_refused(self) -> Self {
        let account = self.account();
        let (uri, to) = (format!("sip:{}", account.host), format!("<sip:{}@{}>", account.user, account.host));
        let first = self.request("REGISTER", &uri, &to, "register///[call_id]", 1, "Expires: 300\n", "");
        let second = self.request("REGISTER", &uri, &to, "register///[call_id]", 2, &format!("{}Expires: 300\n", account.tag()), "");
        let asked = self.step(&first).maybe(&[100]).step("<recv response=\"401\" auth=\"true\"/>");
        asked.step(&second).maybe(&[100]).status(401)
    }

    /// Dials: asked for digest once, then the INVITE that proves it. What it is answered comes next.
    pub(crate) fn dial(self, number: &str, sdp: &str) -> Self {
        let tag = self.account().tag();
        let asked = self.invite(number, sdp, "").maybe(&[100]).step("<recv response=\"401\" auth=\"true\"/>").refusal_seen();
        asked.invite(number, sdp, &tag)
    }

    /// An INVITE with these headers more.
    pub(crate) fn invite(mut self, number: &str, sdp: &str, headers: &str) -> Self {
        number.clone_into(&mut self.dialled);
        self.sequence += 1;
        let body = format!("v=0\no=phone 1 1 IN IP[media_ip_type] [media_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n{sdp}\n");
        let (uri, to) = (self.uri(), format!("<{}>", self.uri()));
        let message = self.request("INVITE", &uri, &to, "[call_id]", self.sequence, headers, &body);
        self.step(&message)
    }

    /// The ACK of a final answer that is no 2xx: in the INVITE's own transaction.
    pub(crate) fn refusal_seen(self) -> Self {
        let (uri, to) = (self.uri(), format!("<{}>[peer_tag_param]", self.uri()));
        let message = self.request("ACK", &uri, &to, "[call_id]", self.sequence, "", "").replace(AGAIN, "");
        self.step(&message)
    }

    /// The call is taken.
    pub(crate) fn taken(self) -> Self {
        let this = self.maybe(&[100, 180, 183]).step("<recv response=\"200\" rrs=\"true\"/>");
        this.acknowledge()
    }

    /// The ACK of a 2xx.
    pub(crate) fn acknowledge(self) -> Self {
        let to = format!("<{}>[peer_tag_param]", self.uri());
        let message = self.request("ACK", "[next_url]", &to, "[call_id]", self.sequence, "[routes]\n", "");
        self.step(&message.replace(AGAIN, ""))
    }

    /// Takes back the INVITE.
    pub(crate) fn cancel(self) -> Self {
        let (uri, to) = (self.uri(), format!("<{}>", self.uri()));
        let message = self.request("CANCEL", &uri, &to, "[call_id]", self.sequence, "", "");
        self.step(&message)
    }

    /// Keys as RFC 4733 events.
    pub(crate) fn events(self, keys: &str) -> Self {
        self.pause(300).step(&format!("<nop><action><exec play_dtmf=\"{keys}\"/></action></nop>"))
    }

    /// Sound from a file of raw PCMA.
    pub(crate) fn sound(self, file: &str) -> Self {
        self.pause(300).step(&format!("<nop><action><exec rtp_stream=\"{file},1,8\"/></action></nop>"))
    }

    /// Keys by INFO: `application/dtmf-relay`, or `application/dtmf`.
    pub(crate) fn infos(mut self, relay: bool, keys: &str) -> Self {
        for key in keys.chars() {
            self.sequence += 1;
            let (kind, body) = if relay {
                ("application/dtmf-relay", format!("Signal={key}\nDuration=160\n"))
            } else {
                ("application/dtmf", format!("{key}\n"))
            };
            let to = format!("<{}>[peer_tag_param]", self.uri());
            let message = self.request("INFO", "[next_url]", &to, "[call_id]", self.sequence, "[routes]\n", &body);
            // No pause behind the last one: the service may end the call at once.
            self = self.pause(100).step(&message.replace("application/sdp", kind)).status(200);
        }
        self
    }

    /// The other side ends the call.
    pub(crate) fn ended(self) -> Self {
        self.step("<recv request=\"BYE\"/>").ok()
    }

    /// This side ends the call.
    pub(crate) fn hang_up(mut self) -> Self {
        self.sequence += 1;
        let to = format!("<{}>[peer_tag_param]", self.uri());
        let message = self.request("BYE", "[next_url]", &to, "[call_id]", self.sequence, "[routes]\n", "");
        self.step(&message).status(200)
    }

    // ── a trunk's steps ─────────────────────────────────────────────────────────────────────────────────────────

    /// A call comes in; pings are answered beside. Each check is a header and what must be found in it.
    pub(crate) fn called(mut self, checks: &[(&str, &str)]) -> Self {
        let mut actions = String::new();
        for (header, pattern) in checks {
            self.checks += 1;
            let number = self.checks;
            let place = format!("search_in=\"hdr\" header=\"{header}:\" check_it=\"true\" assign_to=\"{number}\"");
            let _ = write!(actions, "<ereg regexp=\"{pattern}\" {place}/>");
        }
        let actions = if actions.is_empty() { actions } else { format!("<action>{actions}</action>") };
        self.step("<recv request=\"OPTIONS\" optional=\"true\" next=\"ping\"/>").step(&format!("<recv request=\"INVITE\">{actions}</recv>"))
    }

    /// Answers the INVITE, with SDP if there is some.
    pub(crate) fn answer(self, line: &str, headers: &str, sdp: &str) -> Self {
        let body = if sdp.is_empty() {
            "Content-Length: 0\n".to_owned()
        } else {
            let session = "v=0\no=trunk 1 1 IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0";
            format!("Content-Type: application/sdp\nContent-Length: [len]\n\n{session}\n{sdp}\n")
        };
        let contact = "Contact: <sip:trunk@[local_ip]:[local_port];transport=[transport]>\n";
        let who = "[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]t[call_number]\n[last_Call-ID:]\nCSeq: [last_cseq_number] INVITE\n";
        let retransmitted = if line.starts_with('1') { "" } else { AGAIN };
        self.step(&message(retransmitted, &format!("SIP/2.0 {line}\n{who}{contact}{headers}{body}")))
    }

    /// 200 for whatever came last in the dialog.
    pub(crate) fn ok(self) -> Self {
        let text = "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n";
        self.step(&message("", text))
    }

    /// The INVITE again, with this in a header.
    pub(crate) fn called_again(mut self, header: &str, pattern: &str) -> Self {
        self.checks += 1;
        let place = format!("search_in=\"hdr\" header=\"{header}:\" check_it=\"true\" assign_to=\"{}\"", self.checks);
        self.step(&format!("<recv request=\"INVITE\"><action><ereg regexp=\"{pattern}\" {place}/></action></recv>"))
    }

    /// The INVITE again, with the right login.
    pub(crate) fn login_comes(mut self, user: &str, password: &str) -> Self {
        self.checks += 1;
        let check = format!("<verifyauth assign_to=\"{}\" username=\"{user}\" password=\"{password}\"/>", self.checks);
        let number = self.checks;
        let comes = self.step(&format!("<recv request=\"INVITE\"><action>{check}</action></recv>"));
        // A wrong login goes where a BYE is waited for, which nobody sends before a call is up.
        let good = comes.step(&format!("<nop test=\"{number}\" next=\"good\"/>")).request_comes("BYE");
        good.step("<label id=\"good\"/>")
    }

    /// The end of a trunk's scenario, where pings come to.
    pub(crate) fn pings(self) -> Self {
        let tagged = "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]t[call_number]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n";
        self.step("<nop next=\"over\"/>").step("<label id=\"ping\"/>").step(&message("", tagged)).step("<label id=\"over\"/>").pause(10)
    }

    // ── any side's steps ────────────────────────────────────────────────────────────────────────────────────────

    /// A request comes in.
    pub(crate) fn request_comes(self, method: &str) -> Self {
        self.step(&format!("<recv request=\"{method}\"/>"))
    }

    /// This status comes.
    pub(crate) fn status(self, status: u16) -> Self {
        self.step(&format!("<recv response=\"{status}\"/>"))
    }

    /// These may come before what follows.
    pub(crate) fn maybe(self, statuses: &[u16]) -> Self {
        statuses.iter().fold(self, |this, status| this.step(&format!("<recv response=\"{status}\" optional=\"true\"/>")))
    }

    pub(crate) fn pause(self, millis: u32) -> Self {
        self.step(&format!("<pause milliseconds=\"{millis}\"/>"))
    }

    pub(crate) fn step(mut self, step: &str) -> Self {
        let _ = writeln!(self.steps, "  {step}");
        self
    }

    fn account(&self) -> &Account {
        self.account.as_ref().expect("a phone's scenario has an account")
    }

    fn uri(&self) -> String {
        format!("sip:{}@{}", self.dialled, self.account().host)
    }

    /// A request of the phone. An ACK or CANCEL shares the branch of the INVITE with its number.
    #[expect(clippy::too_many_arguments, reason = "the parts of a message")]
    fn request(&self, method: &str, uri: &str, to: &str, call: &str, sequence: u32, headers: &str, body: &str) -> String {
        let (account, at) = (self.account(), &self.at);
        let shared = matches!(method, "CANCEL") || (method == "ACK" && !uri.starts_with('['));
        let branch = format!("z9hG4bK[pid]x[call_number]x{}{sequence}", if shared { "INVITE" } else { method });
        let via = format!("Via: SIP/2.0/[transport] {at};branch={branch};rport");
        let from = format!("From: <sip:{}@{}>;tag=[pid]{}[call_number]", account.user, account.host, &call[..1].replace('[', "c"));
        let contact = format!("Contact: <sip:{}@{at};transport=[transport]>", account.user);
        let length = if body.is_empty() { "0" } else { "[len]" };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
        let head = format!(
            "{method} {uri} SIP/2.0\n{via}\n{headers}Max-Forwards: 70\n{from}\nTo: {to}\nCall-ID: {call}\nCSeq: {sequence} {method}"
        );
        message(AGAIN, &format!("{head}\n{contact}\n{kind}Content-Length: {length}\n\n{body}"))
    }
}

/// What comes outside the call: a NOTIFY, answered so.
pub(crate) fn notified(line: &str) -> Scenario {
    let who = "[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]n[call_number]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n";
    Scenario::new("NOTIFY comes").request_comes("NOTIFY").step(&message("", &format!("SIP/2.0 {line}\n{who}")))
}

fn message(attributes: &str, text: &str) -> String {
    let lines: Vec<String> = text.trim_end_matches('\n').split('\n').map(|line| format!("      {line}").trim_end().to_owned()).collect();
    format!("<send{attributes}>\n    <![CDATA[\n\n{}\n\n    ]]>\n  </send>", lines.join("\n"))
}
