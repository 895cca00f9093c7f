//! The dialogue by tables and by any sequence of keys.

use proptest::prelude::*;

use super::*;

const MAC: &str = "00156500a7c9";

/// Plays a script and tells what came out.
///
/// Keys come 200 ms apart; `.` is a second of silence; `!` ends what is being said; `?` lets a PIN be taken (the standing);
/// `w` answers a PIN with "wrong", `r` with "right"; `F`, `B`, `N`, `Y`, `U` say failed, blocked, reset needed, busy and unavailable,
/// as the standing if none was given yet.
struct Played {
    dialogue: Dialogue,
    now_ms: u64,
    told: Vec<String>,
    stands: bool,
}

impl Played {
    fn new() -> Self {
        Self { dialogue: Dialogue::new(["112", "110"], MAC, 0), now_ms: 0, told: Vec::new(), stands: false }
    }

    fn give(&mut self, event: Event) {
        let actions = self.dialogue.handle(event, self.now_ms);
        for action in actions {
            self.told.push(match action {
                Action::Say(words) => spoken(&words),
                Action::Quiet => "quiet".to_owned(),
                Action::Try(pin) => format!("try-{}", pin.expose()),
                Action::PutThrough(number) => format!("call-{number}"),
                Action::HangUp => "bye".to_owned(),
            });
        }
    }

    fn verdict(&mut self, verdict: Verdict) {
        let event = if self.stands { Event::Tried(verdict) } else { Event::Standing(Some(verdict)) };
        self.stands = true;
        self.give(event);
    }

    fn step(&mut self, character: char) {
        match character {
            '.' => (0..10).for_each(|_| {
                self.now_ms += 100;
                self.give(Event::Time);
            }),
            '!' => self.give(Event::Played),
            '?' => {
                self.stands = true;
                self.give(Event::Standing(None));
            }
            'w' => self.verdict(Verdict::Wrong { left: 2 }),
            'r' => self.verdict(Verdict::Right),
            'F' => self.verdict(Verdict::Failed { minutes: 12 }),
            'B' => self.verdict(Verdict::Blocked),
            'N' => self.verdict(Verdict::ResetNeeded),
            'Y' => self.verdict(Verdict::Busy),
            'U' => self.verdict(Verdict::Unavailable),
            key => {
                self.now_ms += 200;
                self.give(Event::Key(Key::named(key).unwrap(), Method::Event));
            }
        }
    }
}

fn spoken(words: &[Word]) -> String {
    let word = |word: &Word| match word {
        Word::Prompt(prompt) => name(*prompt).to_owned(),
        Word::Tries(left) => format!("{left}-tries"),
        Word::Minutes(minutes) => format!("{minutes}-minutes"),
        Word::Character(character) => character.to_string(),
    };
    format!("[{}]", words.iter().map(word).collect::<Vec<_>>().join(" "))
}

fn check(script: &str, expected: &str) {
    let mut played = Played::new();
    script.chars().for_each(|character| played.step(character));
    assert_eq!(played.told.join(" "), expected, "{script}");
}

const ASK: &str = "[enter_code]";
const AGAIN: &str = "[enter_code_again]";

#[test]
fn a_right_pin_is_thanked_for_and_we_end_the_call() {
    check("?!123456#r!", &format!("{ASK} try-123456 [right] bye"));
    check("?!123456#r...!", &format!("{ASK} try-123456 [right] bye"));
}

#[test]
fn a_key_stops_the_prompt() {
    check("?1", &format!("{ASK} quiet"));
    check("?123456#r!", &format!("{ASK} quiet try-123456 [right] bye"));
    check("?!1", ASK);
}

#[test]
fn keys_before_the_prompt_are_heard() {
    check("1?23456#w", "try-123456 [wrong 2-tries enter_code_again]");
    check("123456#?w", "try-123456 [wrong 2-tries enter_code_again]");
}

#[test]
fn wrong_pins_are_told_and_asked_for_again() {
    let wrong = "[wrong 2-tries enter_code_again]";
    check("?!123456#w!000000#w", &format!("{ASK} try-123456 {wrong} try-000000 {wrong}"));
    check("?!123456#w!000000#F!..", &format!("{ASK} try-123456 {wrong} try-000000 [failed 12-minutes goodbye] bye"));
    check("?!123456#B!..", &format!("{ASK} try-123456 [blocked ask_reset goodbye] bye"));
    check("?!123456#Y!..", &format!("{ASK} try-123456 [busy try_later goodbye] bye"));
    check("?!123456#U!..", &format!("{ASK} try-123456 [try_later goodbye] bye"));
    check("?!123456#111111#w", &format!("{ASK} try-123456 {wrong}"));
}

#[test]
fn who_cannot_be_asked_is_told_why_and_what_to_do() {
    check("F!", "[failed 12-minutes goodbye]");
    check("F!..", "[failed 12-minutes goodbye] bye");
    check("B!..", "[blocked ask_reset goodbye] bye");
    check("N!..", "[reset_needed ask_reset goodbye] bye");
    check("Y!..", "[busy try_later goodbye] bye");
    check("U!..", "[try_later goodbye] bye");
    check("F123456#!..", "[failed 12-minutes goodbye] bye");
    check("...!..", "[try_later goodbye] bye");
}

#[test]
fn not_six_digits_are_no_try() {
    check("?!12345#", &format!("{ASK} [not_six_digits enter_code_again]"));
    check("?!1234567#!123456#", &format!("{ASK} [not_six_digits enter_code_again] try-123456"));
    check("?!123456....", &format!("{ASK} try-123456"));
}

#[test]
fn silence_asks_again_three_times_and_ends() {
    let eight = "........!";
    let script = format!("?!{}........!..", eight.repeat(3));
    check(&script, &format!("{ASK} {AGAIN} {AGAIN} {AGAIN} [goodbye] bye"));
    check("?........", ASK);
}

#[test]
fn a_star_alone_reads_the_end_of_the_mac() {
    check("?!*", &format!("{ASK} [mac_ends_in a 7 c 9 enter_code_again]"));
    check("?*", &format!("{ASK} [mac_ends_in a 7 c 9 enter_code_again]"));
    check("F*!..", "[failed 12-minutes goodbye] [mac_ends_in a 7 c 9] bye");
}

#[test]
fn an_emergency_number_is_announced_and_put_through() {
    let announced = "[emergency_call_to 1 1 2 any_key_cancels]";
    check("?!112#", &format!("{ASK} {announced}"));
    check("?!112#!", &format!("{ASK} {announced} call-112"));
    check("?!112...!", &format!("{ASK} {announced} call-112"));
    check("?!112#...............", &format!("{ASK} {announced} call-112"));
    check("?!112#5!", &format!("{ASK} {announced} [cancelled enter_code_again]"));
    check("?!112#5!123456#", &format!("{ASK} {announced} [cancelled enter_code_again] try-123456"));
    check("?!112345#", &format!("{ASK} try-112345"));
}

#[test]
fn an_emergency_number_works_in_every_state() {
    let announced = "[emergency_call_to 1 1 2 any_key_cancels]";
    for (state, told) in [
        ("F", "[failed 12-minutes goodbye]"),
        ("B", "[blocked ask_reset goodbye]"),
        ("N", "[reset_needed ask_reset goodbye]"),
        ("Y", "[busy try_later goodbye]"),
        ("U", "[try_later goodbye]"),
    ] {
        check(&format!("{state}112#!"), &format!("{told} {announced} call-112"));
        check(&format!("{state}112...!"), &format!("{told} {announced} call-112"));
        check(&format!("{state}11!2...!"), &format!("{told} {announced} call-112"));
        check(&format!("{state}!112...!"), &format!("{told} {announced} call-112"));
        check(&format!("{state}112#5!.."), &format!("{told} {announced} [cancelled {} bye", &told[1..]));
        check(&format!("112#{state}!"), &format!("{announced} call-112"));
        check(&format!("112#{state}5!.."), &format!("{announced} [cancelled {} bye", &told[1..]));
        check(&format!("?!123456#{state}112#!"), &format!("{ASK} try-123456 {told} {announced} call-112"));
    }
    check("?!123456#112#!", &format!("{ASK} try-123456 {announced} call-112"));
    check("?!123456#112#r!", &format!("{ASK} try-123456 {announced} call-112"));
    check("?!123456#112#r5!", &format!("{ASK} try-123456 {announced} [cancelled right] bye"));
    check("?!123456#r112#!", &format!("{ASK} try-123456 [right] {announced} call-112"));
    check("112#!", &format!("{announced} call-112"));
}

#[test]
fn a_session_ends_whatever_is_keyed_in() {
    let mut played = Played::new();
    played.step('?');
    while !played.told.iter().any(|told| told == "bye") {
        "!1234567#".chars().for_each(|character| played.step(character));
        assert!(played.now_ms < 400_000);
    }
    assert!((180_000..185_000).contains(&played.now_ms), "{}", played.now_ms);
    assert_eq!(played.told[played.told.len() - 2..], ["[goodbye]", "bye"]);
}

#[test]
fn an_answer_that_does_not_come_is_told() {
    let mut played = Played::new();
    "?!123456#".chars().for_each(|character| played.step(character));
    (0..20).for_each(|_| played.step('.'));
    assert_eq!(played.told.last().unwrap(), "[try_later goodbye]");
    played.step('r');
    assert_eq!(played.told.last().unwrap(), "[try_later goodbye]", "too late to be told");
}

#[test]
fn the_clock_is_asked_for_what_comes_next() {
    let mut played = Played::new();
    assert_eq!(played.dialogue.deadline_ms(), Some(STANDING_WAIT_MS));
    played.step('?');
    played.step('!');
    assert_eq!(played.dialogue.deadline_ms(), Some(8_000));
    "112".chars().for_each(|character| played.step(character));
    assert_eq!(played.dialogue.deadline_ms(), Some(3_600));
}

#[derive(Clone, Debug)]
enum Happens {
    Pressed(u8, bool),
    Passes(u16),
    Played,
    Standing(u8),
    Tried(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        20 => (0..12_u8, prop::bool::weighted(0.95)).prop_map(|(key, method)| Happens::Pressed(key, method)),
        4 => (0..9_000_u16).prop_map(Happens::Passes),
        3 => Just(Happens::Played),
        1 => (0..7_u8).prop_map(Happens::Standing),
        4 => (0..7_u8).prop_map(Happens::Tried),
    ]
}

fn verdict(number: u8) -> Verdict {
    [
        Verdict::Right,
        Verdict::Wrong { left: 1 },
        Verdict::Failed { minutes: 30 },
        Verdict::Blocked,
        Verdict::ResetNeeded,
        Verdict::Busy,
        Verdict::Unavailable,
    ][usize::from(number)]
}

proptest! {
    #[test]
    fn whatever_is_keyed_in(steps in prop::collection::vec(happens(), 0..120)) {
        let mut dialogue = Dialogue::new(["112", "110"], MAC, 0);
        let (mut now_ms, mut digits, mut keyed, mut tries, mut open_tries, mut over) = (0, 0_u32, String::new(), 0_u32, 0_u32, false);
        for step in steps {
            let event = match step {
                Happens::Pressed(key, is_event) => {
                    now_ms += 100;
                    let key = Key::of_event(key).unwrap();
                    // An upper bound: keys of another method are not heard.
                    digits += u32::from(key.is_digit());
                    keyed.push(key.name());
                    Event::Key(key, if is_event { Method::Event } else { Method::Info })
                }
                Happens::Passes(ms) => {
                    now_ms += u64::from(ms);
                    Event::Time
                }
                Happens::Played => Event::Played,
                Happens::Standing(number) => Event::Standing((number > 0).then(|| verdict(number))),
                Happens::Tried(number) => {
                    open_tries = 0;
                    Event::Tried(verdict(number))
                }
            };
            let actions = dialogue.handle(event, now_ms);
            prop_assert!(!over || actions.is_empty());
            for action in &actions {
                match action {
                    Action::Try(_) => {
                        tries += 1;
                        open_tries += 1;
                    }
                    Action::PutThrough(number) => {
                        over = true;
                        prop_assert!(["112", "110"].contains(&number.as_str()));
                        let heard = keyed.replace(['*', '#'], "");
                        prop_assert!(number.chars().all(|digit| heard.contains(digit)));
                    }
                    Action::HangUp => over = true,
                    Action::Say(_) | Action::Quiet => {}
                }
            }
            prop_assert!(tries <= digits / 6, "{} tries of {} digits", tries, digits);
            prop_assert!(open_tries <= 1 || now_ms > TRY_WAIT_MS);
            let shown = format!("{dialogue:?} {actions:?}");
            prop_assert!(!shown.contains(|character: char| character.is_ascii_digit()), "{}", shown);
            if let Some(deadline) = dialogue.deadline_ms() {
                prop_assert!(deadline <= CALL_MAX_MS + ANNOUNCEMENT_MAX_MS);
            }
        }
        // Left alone, it ends.
        let mut rounds = 0;
        while let Some(deadline) = dialogue.deadline_ms() {
            now_ms = now_ms.max(deadline);
            over |= dialogue.handle(Event::Time, now_ms).iter().any(|action| matches!(action, Action::HangUp | Action::PutThrough(_)));
            rounds += 1;
            prop_assert!(rounds < 100);
        }
        prop_assert!(over);
    }
}
