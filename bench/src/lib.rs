//! The load generator, the reference servers and the table: each piece is usable alone.
//!
//! * [`population`] makes data folders with up to a million phones and keeps them; [`fixed`] is the gate's own listener with one
//!   fixed answer.
//! * [`reference`] is bare hyper, or hyper behind bare rustls, with one fixed body.
//! * [`process`] runs a server (a reference, or `ringfence serve`) as a process of its own: its addresses, time to get
//!   ready, resident memory, processor time.
//! * [`certificate`] makes RSA-2048 and P-256 certificates that both servers are given, and clients that take just those.
//! * [`load`] sends prebuilt requests, in random device order, over connections kept or fresh, and checks each answer.
//!   Client addresses vary over loopback, so that limits per address do not bind. A load with a wrong answer has no rate.
//! * [`connection`] is one client connection, for what cannot be prebuilt; [`phones`] says what each phone of a population is
//!   called and sends, Basic and Digest, and writes the CSV that imports them; [`provision`] brings many from the box to their
//!   own login.
//! * [`sip`] is a bare telephone, [`rtp`] the sound of many calls; [`voice_rows`] measures the telephone face with them.
//! * [`list_rows`] asks a store with a million devices for pages, in this process.
//! * [`brand_rows`] renders each brand's largest config in this process.
//! * [`table`] measures two things in alternating rounds and takes the median of their ratios.
//!
//! The machine's cores are shared by client and server, in both columns alike. A row is added in `measure`: start both
//! servers, build both loads, and give `Row::in_turn` two closures that run one round each.

pub mod api_rows;
pub mod brand_rows;
pub mod certificate;
pub mod connection;
pub mod fixed;
pub mod limits;
pub mod list_rows;
pub mod load;
pub mod measure;
pub mod phones;
pub mod population;
pub mod process;
pub mod provision;
pub mod redirect_rows;
pub mod reference;
pub mod rows;
pub mod rtp;
pub mod sip;
pub mod table;
pub mod voice_rows;

mod clock;
