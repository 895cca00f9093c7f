//! Servers.

use serde_json::{Value, json};

use super::{Answer, Ymcs, bad, page, result, text, texts};

/// A server.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name, of which there is one among all accounts (assumed: it is so in version 1).
    pub name: String,
    /// Where its phones go.
    pub url: String,
    /// With which user.
    pub auth_name: String,
    /// With which password.
    pub password: String,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Server {
    /// As it is shown: never with the password.
    fn row(&self, id: &str) -> Value {
        json!({ "id": id, "serverName": self.name, "url": self.url, "authName": self.auth_name, "certificateUrl": null })
    }
}

impl Ymcs {
    pub(super) fn add_server(&mut self, body: &Value) -> Result<Answer, Answer> {
        let server = self.server_of(body, None)?;
        if self.foreign_servers.contains(&server.name) || self.servers.values().any(|other| other.name == server.name) {
            // Assumed: the code; that names are taken once among all accounts is known of version 1.
            return Err(super::refused(400, "800003", "Resource already exists"));
        }
        let id = self.id();
        let row = server.row(&id);
        self.servers.insert(id, server);
        Ok(Answer::json(201, &row))
    }

    pub(super) fn server_detail(&self, id: &str) -> Result<Answer, Answer> {
        let server = self.servers.get(id).ok_or_else(|| bad("id", "does not exist"))?;
        Ok(Answer::json(200, &server.row(id)))
    }

    pub(super) fn change_server(&mut self, id: &str, body: &Value) -> Result<Answer, Answer> {
        let old = self.servers.get(id).cloned().ok_or_else(|| bad("id", "does not exist"))?;
        let server = self.server_of(body, Some(&old))?;
        self.servers.insert(id.to_owned(), server);
        Ok(Answer::status(204))
    }

    pub(super) fn list_servers(&self, body: &Value) -> Result<Answer, Answer> {
        let wanted = body["filter"]["name"].as_str().unwrap_or_default();
        let rows = self.servers.iter().filter(|(_, server)| server.name.contains(wanted)).map(|(id, server)| server.row(id));
        page(body, rows.collect())
    }

    pub(super) fn remove_servers(&mut self, body: &Value) -> Result<Answer, Answer> {
        let ids = texts(body, "serverIds", 200)?;
        let mut errors = Vec::new();
        for id in &ids {
            // Assumed: a server that devices have stays.
            let used = self.devices.values().any(|device| device.server_id == *id);
            if used {
                errors.push(json!({ "field": id, "msg": "server is in use" }));
            } else if self.servers.remove(*id).is_none() {
                errors.push(json!({ "field": id, "msg": "server does not exist" }));
            }
        }
        Ok(result(ids.len(), &errors, true))
    }

    /// Name and address must be there, even of a change; the login stays what it was if it is left out.
    fn server_of(&self, body: &Value, old: Option<&Server>) -> Result<Server, Answer> {
        let name = text(body, "serverName", 20)?;
        let url = text(body, "url", 512)?;
        if name.is_empty() {
            return Err(bad("serverName", "must be there"));
        }
        if !["https://", "http://", "ftp://", "tftp://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(bad("url", "must be there and begin as an address does"));
        }
        let (auth_name, password) = (text(body, "authName", 32)?, text(body, "password", 32)?);
        if self.options.echoes {
            return Err(bad("url", &format!("{url} {auth_name} {password} is refused")));
        }
        let keeps = |field: &str, new: String, old: Option<&String>| match (body.get(field), old) {
            (None, Some(old)) => old.clone(),
            _ => new,
        };
        let auth_name = keeps("authName", auth_name, old.map(|old| &old.auth_name));
        let password = keeps("password", password, old.map(|old| &old.password));
        Ok(Server { name, url, auth_name, password })
    }
}
