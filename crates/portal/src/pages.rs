//! The portal's pages: server-rendered HTML that works without script. One file per page; `routes` is their table of contents.
//!
//! A handler unpacks ([`visitor::Visitor`], [`form::Posted`], [`form::Query`]), calls an act of `admin`, and packs: a page by
//! [`Visitor::show`](visitor::Visitor::show), or the way back by [`answer::back`]. What goes wrong is a [`failure::Failure`], which becomes a page, too.

pub(crate) mod answer;
pub(crate) mod ask;
pub(crate) mod assets;
pub(crate) mod branch;
pub(crate) mod chart;
pub(crate) mod clock;
pub(crate) mod failure;
pub(crate) mod form;
pub(crate) mod frame;
pub(crate) mod language;
pub(crate) mod look;
pub(crate) mod markdown;
pub(crate) mod menu;
pub(crate) mod template;
pub(crate) mod upload;
pub(crate) mod visitor;
pub(crate) mod wrong;

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod configurations_devices;
pub(crate) mod contacts;
pub(crate) mod customers;
pub(crate) mod device;
pub(crate) mod device_acts;
pub(crate) mod device_advanced;
pub(crate) mod device_config;
pub(crate) mod device_lines;
pub(crate) mod device_new;
pub(crate) mod device_redirect;
pub(crate) mod device_settings;
pub(crate) mod events;
pub(crate) mod global_login_requests;
pub(crate) mod global_logins;
pub(crate) mod help;
pub(crate) mod installer;
pub(crate) mod marked;
pub(crate) mod menu_passwords;
pub(crate) mod overview;
pub(crate) mod password;
pub(crate) mod phone;
pub(crate) mod phone_hardware;
pub(crate) mod policy;
pub(crate) mod prompts;
pub(crate) mod qr;
pub(crate) mod redirects;
pub(crate) mod resellers;
pub(crate) mod sheets;
pub(crate) mod sign_in;
pub(crate) mod sites;
pub(crate) mod switch;
pub(crate) mod technical_details;
pub(crate) mod templates;
pub(crate) mod tokens;
pub(crate) mod trunks;
pub(crate) mod users;
pub(crate) mod webhooks;
