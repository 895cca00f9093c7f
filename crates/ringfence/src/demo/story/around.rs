//! What a reader can try while the server stays up.

use crate::demo::cast::Cast;
use crate::demo::house::House;
use crate::demo::screen::Screen;

/// Shows commands to copy. The variables keep the lines short.
pub fn show(house: &House, screen: &mut Screen) {
    let program = std::env::current_exe().map_or_else(|_| "ringfence".to_owned(), |path| path.display().to_string());
    let (door, cast) = (house.front_door(), Cast::new());
    let (live, waiting) = (cast.reception.mac, cast.spare.mac);
    screen.heading("Look around");
    screen.say("The server stays up until you press Ctrl-C. Copy this into another terminal first:");
    screen.lines(&[
        format!("export RF={program}"),
        format!("export DIR={}", house.data().display()),
        format!("export CA={}", house.authority().display()),
    ]);
    screen.say("Ask as a phone would. In service: 401. Waiting for its PIN: the restricted configuration.");
    screen.lines(&[format!("curl -i --cacert $CA {door}/{live}.cfg"), format!("curl -i --cacert $CA {door}/{waiting}.cfg")]);
    screen.say("Look at the phones as an admin, and change something: the running server takes it up at once.");
    let commands = [
        "device list --data $DIR".to_owned(),
        format!("device show {waiting} --data $DIR"),
        format!("device requests {live} --data $DIR"),
        "global-login show --data $DIR".to_owned(),
        format!("device reset {live} --data $DIR"),
        format!("brands render {live} --why --data $DIR"),
        "audit list --data $DIR".to_owned(),
    ];
    screen.lines(&commands.map(|command| format!("$RF {command}")));
    screen.say("Ctrl-C stops the server and removes its directory.");
}
