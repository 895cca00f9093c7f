//! What messages of the outbox mean for phones that are registered here.

use domain::Mac;
use domain::tenancy::CustomerId;
use ipnet::IpNet;
use serde::Deserialize;
use store::Message;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This phone is to fetch.
    Refetch(Mac),
    /// A customer's phones in a network are to fetch, but for one that did.
    Network {
        /// Whose.
        customer: CustomerId,
        /// From where they are registered.
        network: IpNet,
        /// Not this one.
        except: Option<Mac>,
    },
    /// An emergency call of this phone, on whichever node.
    Emergency(Mac),
    /// Something else about this phone: what is known of it may be old.
    Device(Mac),
}

#[derive(Deserialize)]
struct OfDevice {
    mac: String,
}

#[derive(Deserialize)]
struct OfNetwork {
    customer: CustomerId,
    network: IpNet,
    except: Option<String>,
}

/// The event of an emergency call.
const EMERGENCY: &str = "emergency.call";

/// Reads a message; none if it concerns no phone, or is of a later version.
pub fn read(message: &Message) -> Option<Piece> {
    let mac = || serde_json::from_str::<OfDevice>(&message.payload).ok()?.mac.parse::<Mac>().ok();
    match message.topic.as_str() {
        store::effect::REFETCH => mac().map(Piece::Refetch),
        EMERGENCY => mac().map(Piece::Emergency),
        store::trust::REFETCH => {
            let read: OfNetwork = serde_json::from_str(&message.payload).ok()?;
            Some(Piece::Network { customer: read.customer, network: read.network, except: read.except.and_then(|mac| mac.parse().ok()) })
        }
        topic if topic.starts_with("device.") => mac().map(Piece::Device),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::Time;

    use super::*;

    fn told(topic: &str, payload: &str) -> Option<Piece> {
        read(&Message { id: 1, at: Time::from_millis(0), topic: topic.into(), payload: payload.into() })
    }

    #[test]
    fn messages_of_all_kinds() {
        let mac: Mac = "001565000001".parse().unwrap();
        let device = r#"{"mac":"001565000001","customer":null,"address":null}"#;
        assert_eq!(told("device.refetch", device), Some(Piece::Refetch(mac)));
        assert_eq!(told("device.confirmed", device), Some(Piece::Device(mac)));
        assert_eq!(told("emergency.call", device), Some(Piece::Emergency(mac)));
        assert_eq!(told("emergency.call", "{}"), None, "of a phone that nobody knows");
        let customer = CustomerId(uuid::Uuid::from_u128(7));
        let payload = serde_json::json!({ "customer": customer, "network": "198.51.100.0/24", "except": "001565000001" }).to_string();
        let network = "198.51.100.0/24".parse().unwrap();
        assert_eq!(told("trust.refetch", &payload), Some(Piece::Network { customer, network, except: Some(mac) }));
        for (topic, payload) in [("trust.refetch", "{}"), ("device.refetch", "not JSON"), ("trunk.down", device)] {
            assert_eq!(told(topic, payload), None, "{topic} {payload}");
        }
    }
}
