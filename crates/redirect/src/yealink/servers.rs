//! Servers: what their phones are told.

use serde_json::{Value, json};

use super::words::{Bulk, Of};
use super::{Rows, Ymcs};
use crate::limits::{PAGES_MAX, YMCS_ADDRESS_BYTES_MAX, YMCS_LOGIN_BYTES_MAX, YMCS_NAME_BYTES_MAX, YMCS_PAGE};
use crate::loose::{segment, text};
use crate::outcome::{Failure, No};
use crate::service::Profile;

impl Ymcs {
    pub(super) async fn ensure_server(&self, profile: &Profile, rewrite: bool) -> Result<String, Failure> {
        check(profile)?;
        let says = json!({
            "serverName": profile.name,
            "url": profile.door,
            "authName": profile.user,
            "password": profile.password.expose(),
        });
        let Some(id) = self.server_named(&profile.name).await.map_err(Failure::of_a_read)? else {
            let made: Value = self.session.post("v2/rps/servers", &says).await?.json()?;
            let id = text(&made["id"]);
            return if segment(&id).is_some() { Ok(id) } else { Err(Failure::protocol("a server without an id")) };
        };
        if rewrite || !self.says(&id, profile).await.map_err(Failure::of_a_read)? {
            // Name and address must be there, whatever changes.
            self.session.patch(&format!("v2/rps/servers/{id}"), &says).await?;
        }
        Ok(id)
    }

    pub(super) async fn remove_server(&self, id: &str) -> Result<(), Failure> {
        let refused = match self.session.post("v2/rps/delServers", &json!({ "serverIds": [id] })).await {
            Ok(reply) => match Bulk::read(&reply, 1)?.of(&[id], &[vec![id]]) {
                Of::Done => return Ok(()),
                Of::Failed(said) => Failure::refused(said),
                Of::Unsaid => Failure::refused("the server was not removed"),
            },
            Err(No::Refused(refusal)) => Failure::refused(refusal.said()),
            Err(No::Failed(failure)) => return Err(failure),
        };
        if self.has_server(id).await? { Err(refused) } else { Ok(()) }
    }

    /// Whether a server of this id is there.
    pub(super) async fn has_server(&self, id: &str) -> Result<bool, Failure> {
        let Some(id) = segment(id) else { return Ok(false) };
        match self.session.look(&format!("v2/rps/servers/{id}")).await {
            Ok(_) => Ok(true),
            Err(No::Refused(refusal)) if refusal.is_absence() => Ok(false),
            Err(no) => Err(no.into()),
        }
    }

    /// The id of the server of exactly this name; the service's own search takes parts of names too.
    async fn server_named(&self, name: &str) -> Result<Option<String>, Failure> {
        let mut skip = 0;
        for _ in 0..PAGES_MAX {
            let ask = json!({ "skip": skip, "limit": YMCS_PAGE, "autoCount": true, "filter": { "name": name } });
            let rows = Rows::read(&self.session.post("v2/rps/listServers", &ask).await?)?;
            if let Some(row) = rows.items.iter().find(|row| text(&row["serverName"]) == name) {
                let id = text(&row["id"]);
                return segment(&id).map(|id| Some(id.to_owned())).ok_or_else(|| Failure::protocol("a server without an id"));
            }
            skip += rows.items.len() as u64;
            if rows.items.is_empty() || rows.total.is_none_or(|total| skip >= total) {
                break;
            }
        }
        Ok(None)
    }

    /// Whether the server says what it should, as far as it can be read: the password cannot.
    async fn says(&self, id: &str, profile: &Profile) -> Result<bool, Failure> {
        let server: Value = self.session.look(&format!("v2/rps/servers/{id}")).await?.json()?;
        let same = |name: &str, wanted: &str| server[name].as_str().is_none_or(|said| said == wanted);
        Ok(same("url", &profile.door) && same("authName", &profile.user))
    }
}

fn check(profile: &Profile) -> Result<(), Failure> {
    for (what, text, bytes_max) in [
        ("the server's name", &profile.name, YMCS_NAME_BYTES_MAX),
        ("the address", &profile.door, YMCS_ADDRESS_BYTES_MAX),
        ("the user", &profile.user, YMCS_LOGIN_BYTES_MAX),
        ("the password", profile.password.expose(), YMCS_LOGIN_BYTES_MAX),
    ] {
        if text.is_empty() || text.len() > bytes_max {
            return Err(Failure::refused(format!("{what}: 1 to {bytes_max} characters")));
        }
    }
    Ok(())
}
