//! A rehearsal: every template of a brand is run once on sample orders, so that a mistake in an operator's template is
//! told when the catalogue is read and not when a phone asks.

use domain::settings::{Layer, Line, Resolved, Settings, Transport};
use domain::{Mac, Secret};

use crate::catalogue::{Brand, Catalogue, Model};
use crate::error::{CatalogueError, RenderError};
use crate::identify::FileKind;
use crate::order::{Body, Door, Entry, Notice, Order, RestrictedAccount};

impl Catalogue {
    /// Runs all templates: for one model of each kind and series, with everything set and with nothing set.
    pub(crate) fn rehearse(&self) -> Result<(), CatalogueError> {
        for brand in self.brands() {
            let mut kinds: Vec<&Model> = vec![brand.generic()];
            for model in brand.models().iter().filter(|model| model.accounts > 0) {
                if kinds.iter().all(|seen| (&seen.kind, &seen.series) != (&model.kind, &model.series)) {
                    kinds.push(model);
                }
            }
            for model in kinds {
                self.rehearse_model(brand, model)?;
            }
        }
        Ok(())
    }

    fn rehearse_model(&self, brand: &Brand, model: &Model) -> Result<(), CatalogueError> {
        let secret = Secret::from("x");
        let door = Door { url: "https://phones.example.com/cfg/d/x/", user: "x", password: &secret, poll_seconds: 60, file_key: None };
        let account =
            RestrictedAccount { user: "x", password: &secret, server: "phones.example.com", port: 5060, transport: Transport::Udp };
        let (numbers, language) = (["112".to_owned()], "en");
        let restricted = |emergency_numbers| Body::Restricted {
            notice: Notice::Needed,
            account,
            service_number: "*89",
            emergency_numbers,
            door,
            language,
        };
        let settings = brand.fields.samples();
        let (phone, of_line) = (Resolved::from_layers([(Layer::Device, &settings.phone)]), settings.line);
        let (nothing, lines) = (Resolved::default(), [sample_line(of_line, transport_of(brand)), bare_line()]);
        // The sample lines have two servers.
        let most = if model.one_server { 1 } else { usize::from(model.accounts) };
        let lines = &lines[..lines.len().min(most)];
        let bodies = [
            (FileKind::Boot, Body::Public),
            (FileKind::Common, Body::Public),
            (FileKind::Common, Body::PublicIn { folder: "https://phones.example.com/cfg/" }),
            (FileKind::Carrier, Body::Signpost { door, language }),
            (FileKind::Carrier, restricted(&numbers)),
            (FileKind::Carrier, restricted(&[])),
            (FileKind::Carrier, Body::Signpost { door: Door { file_key: Some(&secret), ..door }, language }),
            (FileKind::Carrier, Body::Full { lines, settings: &phone, door: Door { file_key: Some(&secret), ..door }, language }),
            (FileKind::Carrier, Body::Full { lines, settings: &phone, door, language }),
            (FileKind::Carrier, Body::Full { lines: &[], settings: &nothing, door, language: "" }),
            (FileKind::Phonebook, Body::Phonebook { title: "x", entries: &[Entry { name: "x".into(), number: "100".into() }] }),
        ];
        for (file, body) in bodies {
            let mac = Mac::from_bytes([0, 0, 0, 0, 0, 1]).ok();
            match self.render(&Order { brand, model, firmware: None, mac, file, body }) {
                Ok(_) | Err(RenderError::NoSuchFile { .. }) => {}
                Err(error) => return Err(in_catalogue(brand, file, error)),
            }
        }
        Ok(())
    }
}

fn in_catalogue(brand: &Brand, file: FileKind, error: RenderError) -> CatalogueError {
    match error {
        RenderError::Template { template, problem } => {
            let name = template.split_once('/').map_or(template.as_str(), |(_, name)| name);
            let (key, problem) = problem.split_once(": ").unwrap_or(("-", &problem));
            CatalogueError::new(format!("brands/{}/templates/{name}", brand.name()), key, problem)
        }
        other => CatalogueError::new(format!("brands/{}/templates/", brand.name()), file.as_str(), other.to_string()),
    }
}

fn bare_line() -> Line {
    Line {
        user: "x".into(),
        auth_user: None,
        password: Secret::from("x"),
        server: "pbx.example.com".into(),
        port: None,
        transport: Transport::Udp,
        outbound_proxy: None,
        extension: None,
        name: None,
        settings: Settings::default(),
    }
}

/// TLS, which has the most around it, unless the brand's phones speak none.
fn transport_of(brand: &Brand) -> Transport {
    if brand.fields.check_transport(Transport::Tls).is_ok() { Transport::Tls } else { Transport::Udp }
}

fn sample_line(settings: Settings, transport: Transport) -> Line {
    Line {
        auth_user: Some("x".into()),
        port: Some(5061),
        transport,
        outbound_proxy: Some("edge.example.com:5061".into()),
        extension: Some("200".into()),
        name: Some("x".into()),
        settings,
        ..bare_line()
    }
}
