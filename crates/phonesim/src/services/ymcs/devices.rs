//! Devices.

use domain::Mac;
use serde_json::{Value, json};

use super::{Answer, Ymcs, bad, page, refused, result, text, texts};

/// A device of the account.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    id: String,
    /// Its MAC.
    pub mac: Mac,
    /// Its serial number; empty if it was added without.
    pub serial: String,
    /// The server that it has.
    pub server_id: String,
    /// An address of its own, which wins over the server's.
    pub own_url: String,
    /// A user of its own, which wins over the server's.
    pub auth_name: String,
    /// A password of its own, which wins over the server's.
    pub password: String,
    /// When its phone last asked, in milliseconds since 1970; 0 if never.
    pub connected_ms: i64,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("mac", &self.mac).field("server_id", &self.server_id).finish_non_exhaustive()
    }
}

/// Why a device is not added.
#[derive(Clone, Copy)]
struct Fault {
    code: &'static str,
    words: &'static str,
}

impl Ymcs {
    fn row(&self, device: &Device) -> Value {
        let server = self.servers.get(&device.server_id);
        let connected = if device.connected_ms == 0 { Value::Null } else { json!(device.connected_ms) };
        json!({
            "id": device.id,
            "mac": device.mac.to_string(),
            "sn": device.serial,
            "serverId": device.server_id,
            "serverName": server.map(|server| &server.name),
            "serverUrl": server.map(|server| &server.url),
            "uniqueServerUrl": (!device.own_url.is_empty()).then_some(&device.own_url),
            "ipAddress": null,
            "remark": null,
            "lastConnected": connected,
        })
    }

    pub(super) fn list_devices(&self, body: &Value) -> Result<Answer, Answer> {
        let wanted = body["filter"]["mac"].as_str().unwrap_or_default().to_ascii_lowercase();
        if let Ok(mac) = wanted.parse() {
            return page(body, self.devices.get(&mac).map(|device| self.row(device)).into_iter().collect());
        }
        // A part of a MAC finds it too.
        let found = self.devices.values().filter(|device| device.mac.to_string().contains(&wanted));
        page(body, found.map(|device| self.row(device)).collect())
    }

    /// A device by its id; an unknown one is a bad parameter.
    fn by_id(&self, id: &str) -> Result<&Device, Answer> {
        self.ids.get(id).and_then(|mac| self.devices.get(mac)).ok_or_else(|| bad("id", "does not exist"))
    }

    pub(super) fn device_detail(&self, id: &str) -> Result<Answer, Answer> {
        let device = self.by_id(id)?;
        let mut row = self.row(device);
        row["authName"] = json!(device.auth_name);
        Ok(Answer::json(200, &row))
    }

    /// One device: 201.
    pub(super) fn add_device(&mut self, body: &Value) -> Result<Answer, Answer> {
        if !body.is_object() {
            return Err(shape());
        }
        match self.read(body, true)?.and_then(|device| self.fits(device)) {
            Ok(device) => Ok(Answer::json(201, &self.keep(device))),
            // Assumed: the status of these codes.
            Err(fault) => Err(refused(400, fault.code, fault.words)),
        }
    }

    /// A bare array of at most 100: 200, whatever fails among them.
    pub(super) fn add_devices(&mut self, body: &Value, serials: bool) -> Result<Answer, Answer> {
        let items = body.as_array().filter(|items| !items.is_empty()).ok_or_else(shape)?;
        if items.len() > 100 {
            return Err(refused(400, "800006", "Batch size exceeds limit"));
        }
        let devices = items.iter().map(|item| self.read(item, serials)).collect::<Result<Vec<_>, _>>()?;
        let fault = |device: &Result<Device, Fault>| device.clone().and_then(|device| self.fits(device)).err();
        if let Some(fault) = devices.iter().find_map(fault).filter(|_| self.options.whole_batches) {
            return Err(refused(400, fault.code, fault.words));
        }
        let mut errors = Vec::new();
        for (item, device) in items.iter().zip(devices) {
            match device.and_then(|device| self.fits(device)) {
                Ok(device) => drop(self.keep(device)),
                Err(Fault { code, words }) => {
                    let info = if self.options.codes_in_texts { format!("{code}: {words}") } else { words.to_owned() };
                    errors.push(json!({ "mac": item["mac"], "sn": item["sn"], "errorInfo": info }));
                }
            }
        }
        Ok(result(items.len(), &errors, !self.options.unnamed_failures))
    }

    fn keep(&mut self, mut device: Device) -> Value {
        device.id = self.id();
        let row = self.row(&device);
        self.ids.insert(device.id.clone(), device.mac);
        self.devices.insert(device.mac, device);
        row
    }

    pub(super) fn change_device(&mut self, id: &str, body: &Value) -> Result<Answer, Answer> {
        let mut device = self.by_id(id)?.clone();
        for (field, chars_max, kept) in [
            ("serverId", 64, &mut device.server_id),
            ("uniqueServerUrl", 256, &mut device.own_url),
            ("authName", 128, &mut device.auth_name),
            ("password", 128, &mut device.password),
        ] {
            // Assumed: an empty text changes nothing; what clears a field is not known.
            let new = text(body, field, chars_max)?;
            if !new.is_empty() {
                *kept = new;
            }
        }
        if !self.servers.contains_key(&device.server_id) {
            return Err(bad("serverId", "does not exist"));
        }
        self.devices.insert(device.mac, device);
        Ok(Answer::status(204))
    }

    pub(super) fn remove_devices(&mut self, body: &Value) -> Result<Answer, Answer> {
        let names = texts(body, "deviceIds", 200)?;
        let by_mac = match body["deviceIdType"].as_str() {
            Some("mac") => true,
            Some("id") => false,
            _ => return Err(bad("deviceIdType", "must be mac or id")),
        };
        let of = |name: &str| if by_mac { name.parse().ok() } else { self.ids.get(name).copied() };
        let found: Vec<_> = names.iter().map(|name| (*name, of(name).filter(|mac| self.devices.contains_key(mac)))).collect();
        if self.options.whole_removals && found.iter().any(|(_, mac)| mac.is_none()) {
            return Err(bad("deviceIds", "does not exist"));
        }
        let mut errors = Vec::new();
        for (name, mac) in found {
            match mac.and_then(|mac| self.devices.remove(&mac)) {
                Some(device) => drop(self.ids.remove(&device.id)),
                // Assumed: that the field names the device.
                None => errors.push(json!({ "field": name, "msg": "device does not exist" })),
            }
        }
        Ok(result(names.len(), &errors, !self.options.unnamed_failures))
    }

    pub(super) fn list_pins(&self, body: &Value) -> Result<Answer, Answer> {
        let macs = texts(body, "macs", 100)?;
        // Assumed: the order is its own, and devices without a PIN are left out.
        let of = |mac: &Mac| self.pins.get(mac).map(|pin| json!({ "mac": mac.to_string(), "pin": pin }));
        let known = macs.iter().rev().filter_map(|mac| mac.parse().ok());
        Ok(Answer::json(200, &Value::Array(known.filter_map(|mac| of(&mac)).collect())))
    }

    /// Reads one device. What is wrong with its shape is the whole call's fault, as is an unknown server.
    fn read(&self, item: &Value, serials: bool) -> Result<Result<Device, Fault>, Answer> {
        let (mac, serial) = (text(item, "mac", 17)?, text(item, "sn", 128)?);
        if serials && serial.is_empty() {
            return Err(bad("sn", "must be there"));
        }
        if !serials && item.get("sn").is_some() {
            // Assumed: that the field is not taken here.
            return Err(bad("sn", "must not be there"));
        }
        let server_id = text(item, "serverId", 64)?;
        if !server_id.is_empty() && !self.servers.contains_key(&server_id) {
            return Err(bad("serverId", "does not exist"));
        }
        let (own_url, auth_name) = (text(item, "uniqueServerUrl", 256)?, text(item, "authName", 128)?);
        let password = text(item, "password", 128)?;
        let Ok(mac) = mac.parse() else { return Ok(Err(Fault { code: "800001", words: "device.mac.invalid" })) };
        Ok(Ok(Device { id: String::new(), mac, serial, server_id, own_url, auth_name, password, connected_ms: 0 }))
    }

    /// Whether a device can be added.
    fn fits(&self, device: Device) -> Result<Device, Fault> {
        let mac = device.mac;
        if mac.bytes()[..3] == [0x00, 0x04, 0x13] {
            // Assumed: what a MAC of another maker (here Snom's) is told; the code was seen, on what is not said.
            return Err(Fault { code: "800001", words: "Invalid MAC" });
        }
        if self.foreign.contains(&mac) {
            return Err(Fault { code: "800004", words: "Device already managed by another organization" });
        }
        if self.devices.contains_key(&mac) {
            return Err(Fault { code: "800003", words: "Resource already exists" });
        }
        let known = self.serials.get(&mac);
        if self.options.checks_serials && !device.serial.is_empty() && known.is_some_and(|known| *known != device.serial) {
            return Err(Fault { code: "800002", words: "Invalid SN" });
        }
        Ok(device)
    }
}

/// An object where an array belongs, or the other way round.
fn shape() -> Answer {
    refused(412, "900444", "Request body has another shape")
}
