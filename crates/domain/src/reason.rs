//! Why a request was answered as it was: a stable code and one sentence for people, in each language.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $en:literal, $de:literal;)*) => {
        /// Why a request was answered as it was.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code of interfaces.md.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// One English sentence for the person who helps with this phone.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $en,)* }
            }

            /// The same in German.
            pub fn satz(self) -> &'static str {
                match self { $(Self::$name => $de,)* }
            }
        }
    };
}

reasons! {
    /// Its own login.
    Own, "own",
        "This phone came with its own login and got its configuration.",
        "Dieses Telefon kam mit seinem eigenen Login und bekam seine Konfiguration.";
    /// A claim with every factor.
    ClaimCleared, "claim_cleared",
        "This phone came for the first time with the login it was given and is now in service.",
        "Dieses Telefon kam zum ersten Mal mit dem Login, das es bekommen hat, und ist jetzt in Betrieb.";
    /// The global one-time password, first use.
    GlobalFirst, "global_first",
        "This phone used the global one-time password and was given its configuration and its own login.",
        "Dieses Telefon hat das globale Einmalpasswort benutzt und seine Konfiguration und ein eigenes Login bekommen.";
    /// The global one-time password again, inside the retry window.
    GlobalRetry, "global_retry",
        "This phone asked again shortly after its first delivery and was given the same login once more.",
        "Dieses Telefon hat kurz nach der ersten Auslieferung noch einmal gefragt und dasselbe Login erneut bekommen.";
    /// The global password, used up for this device.
    GlobalSpent, "global_spent",
        "This phone used the global password, but that is used up for this phone. Reset authentication to allow it once more.",
        "Dieses Telefon hat das globale Passwort benutzt, aber für dieses Telefon ist es verbraucht. Setzen Sie die Authentifizierung zurück, um es noch einmal zu erlauben.";
    /// The global user with a wrong password.
    GlobalWrong, "global_wrong",
        "The user name or password was wrong.",
        "Benutzername oder Passwort waren falsch.";
    /// Another network asked inside the retry window.
    SecondClaimant, "second_claimant",
        "A second phone from another network asked for this configuration right after it was delivered. Allow it only if you know both addresses.",
        "Ein zweites Telefon aus einem anderen Netz hat gleich nach der Auslieferung nach dieser Konfiguration gefragt. Erlauben Sie es nur, wenn Sie beide Adressen kennen.";
    /// No login shown where one is needed.
    LoginRequired, "login_required",
        "This phone was asked for a user name and password. That is the normal first half of every fetch.",
        "Dieses Telefon wurde nach Benutzername und Passwort gefragt. Das ist die normale erste Hälfte jedes Abrufs.";
    /// A permanent trusted network.
    TrustedPermanent, "trusted_permanent",
        "This phone is in a permanently trusted network and needed no PIN.",
        "Dieses Telefon steht in einem dauerhaft vertrauten Netz und brauchte keine PIN.";
    /// A temporary window.
    TrustedTemporary, "trusted_temporary",
        "Another phone at this address was cleared by PIN recently, so this one needed none.",
        "Ein anderes Telefon an dieser Adresse wurde kürzlich per PIN freigegeben, daher brauchte dieses keine.";
    /// Authentication suspended.
    Suspended, "suspended",
        "Authentication was suspended for this phone, so it needed no PIN.",
        "Die Authentifizierung war für dieses Telefon ausgesetzt, daher brauchte es keine PIN.";
    /// No PIN asked by policy.
    PinOff, "pin_off",
        "The policy asks for no PIN, and this phone showed its manufacturer's certificate.",
        "Die Richtlinie verlangt keine PIN, und dieses Telefon hat das Zertifikat seines Herstellers gezeigt.";
    /// Waiting for the PIN.
    Needed, "needed",
        "This phone shows \"Authentication needed\" and waits for its PIN.",
        "Dieses Telefon zeigt „Authentication needed“ und wartet auf seine PIN.";
    /// Three wrong PINs.
    Failed, "failed",
        "Three wrong PINs were entered. This phone shows \"Authentication failed\" and takes a PIN again after the lock has passed.",
        "Es wurden drei falsche PINs eingegeben. Dieses Telefon zeigt „Authentication failed“ und nimmt nach Ablauf der Sperre wieder eine PIN an.";
    /// Blocked.
    Blocked, "blocked",
        "Too many wrong PINs were entered. Reset authentication, then enter the new PIN at the phone.",
        "Es wurden zu viele falsche PINs eingegeben. Setzen Sie die Authentifizierung zurück und geben Sie dann die neue PIN am Telefon ein.";
    /// Only a reset helps.
    ResetNeeded, "reset_needed",
        "This phone asked without the login that belongs to it. If it was factory-reset, reset authentication.",
        "Dieses Telefon hat ohne das Login gefragt, das zu ihm gehört. Wenn es auf Werkseinstellung gesetzt wurde, setzen Sie die Authentifizierung zurück.";
    /// Nobody has entered this MAC.
    UnknownDevice, "unknown_device",
        "Nobody has added a phone with this MAC address.",
        "Niemand hat ein Telefon mit dieser MAC-Adresse angelegt.";
    /// Switched off by an admin.
    Disabled, "disabled",
        "This phone is disabled.",
        "Dieses Telefon ist abgeschaltet.";
    /// File name and User-Agent name different phones.
    MacMismatch, "mac_mismatch",
        "The file asked for and the phone that asked name different MAC addresses.",
        "Die verlangte Datei und das fragende Telefon nennen verschiedene MAC-Adressen.";
    /// A login of another device.
    WrongDevice, "wrong_device",
        "The login belongs to another phone.",
        "Das Login gehört zu einem anderen Telefon.";
    /// A file without secrets, the same for everybody.
    Public, "public",
        "This file holds no secret and is the same for everybody.",
        "Diese Datei enthält kein Geheimnis und ist für alle gleich.";
    /// No such file.
    NoSuchFile, "no_such_file",
        "There is no such file. Phones ask for several names; this is normal.",
        "Diese Datei gibt es nicht. Telefone fragen nach mehreren Namen; das ist normal.";
    /// A limit was reached.
    Limited, "limited",
        "Too much came from this address at once; the phone was asked to come back later.",
        "Von dieser Adresse kam zu viel auf einmal; das Telefon soll später wiederkommen.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_the_serialised_name() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_string(reason).unwrap(), format!("{:?}", reason.code()));
            assert!(reason.sentence().ends_with('.') && reason.satz().ends_with('.'));
        }
        assert_eq!(Reason::ALL.len(), 23);
    }
}
