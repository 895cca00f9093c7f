//! The route table: all addresses of the portal on one page.

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{self, MethodRouter};
use axum::{Router, routing::get};

use crate::api::answer::PREFIX;
use crate::api::document;
use crate::api::guard::guard;
use crate::api::idempotency::once;
use crate::limits::{BODY_BYTES_MAX, IMPORT_BYTES_MAX, UPLOAD_BYTES_MAX};
use crate::pages::failure::Failure;
use crate::pages::frame::frame;
use crate::problem::Problem;
use crate::{App, health, metrics};

/// All routes.
pub(crate) fn routes(app: App) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
        .route(document::PATH, get(document::show))
        .nest(PREFIX, endpoints(&app))
        .merge(pages(&app))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(app)
}

/// Declares the pages: the router, and their list, which a test walks as everybody.
macro_rules! pages {
    ($($verb:ident $path:literal => $module:ident::$handler:ident;)*) => {
        fn pages(app: &App) -> Router<App> {
            let table = Router::new()$(.route($path, routing::$verb(crate::pages::$module::$handler)))*;
            table
                .method_not_allowed_fallback(|| async { Failure::from(Problem::method()) })
                .fallback(|| async { Failure::not_found() })
                .layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX))
                .layer(from_fn_with_state(app.clone(), frame))
        }

        /// Verb and path of every page, so that a test can walk all of them as everybody.
        pub const PAGES: &[(&str, &str)] = &[$((stringify!($verb), $path)),*];
    };
}

pages! {
    get  "/assets/{hash}/{*name}"                         => assets::show;
    get  "/theme.css"                                     => look::style;
    get  "/logo/{reseller}/{hash}"                        => look::logo;
    get  "/login"                                         => sign_in::show;
    post "/login"                                         => sign_in::enter;
    post "/login/code"                                    => sign_in::code;
    get  "/forgotten"                                     => password::forgotten;
    post "/forgotten"                                     => password::ask;
    get  "/password"                                      => password::show;
    post "/password"                                      => password::choose;
    post "/logout"                                        => sign_in::leave;

    get  "/account"                                       => account::show;
    post "/account/manner"                                => account::set_manner;
    get  "/account/prove"                                 => account::ask_proof;
    post "/account/prove"                                 => account::give_proof;
    post "/account/password"                              => account::set_password;
    post "/account/sessions/end"                          => account::end_session;
    post "/account/sessions/end-others"                   => account::end_all;
    post "/account/second-factor"                         => account::enrol;
    post "/account/second-factor/confirm"                 => account::confirm;
    post "/account/second-factor/off"                     => account::switch_off;

    get  "/"                                              => overview::show;

    get  "/events"                                        => events::listen;
    get  "/inventory/phone-hardware"                      => phone_hardware::show;
    get  "/devices/{mac}/unlock"                          => phone_hardware::ask;
    post "/devices/{mac}/unlock"                          => phone_hardware::unlock;
    post "/inventory/phone-hardware/marked"               => marked::ask;
    post "/inventory/phone-hardware/marked/do"            => marked::act;

    get  "/devices/new"                                   => device_new::ask;
    post "/devices/new"                                   => device_new::add;
    get  "/devices/{mac}/added"                           => device_new::added;
    get  "/devices/{mac}"                                 => device::show;
    post "/devices/{mac}/pin"                             => device::show_pin;
    post "/devices/{mac}/redirect/label"                  => device_redirect::set_label;
    post "/devices/{mac}/redirect/by-hand"                => device_redirect::mark;
    post "/devices/{mac}/redirect/pin"                    => device_redirect::show_pin;
    post "/devices/{mac}/redirect/address"                => device_redirect::show_address;
    get  "/devices/{mac}/requests"                        => device::requests;
    get  "/devices/{mac}/calls"                           => device::calls;
    get  "/devices/{mac}/would-get"                       => device::would_get;
    get  "/devices/{mac}/lines"                           => device_lines::show;
    post "/devices/{mac}/lines"                           => device_lines::save;
    get  "/devices/{mac}/settings"                        => device_settings::show;
    post "/devices/{mac}/settings"                        => device_settings::save;
    get  "/devices/{mac}/config"                          => device_config::show;
    get  "/devices/{mac}/advanced"                        => device_advanced::show;
    post "/devices/{mac}/advanced/allow"                  => device_advanced::allow;
    post "/devices/{mac}/advanced/login"                  => device_advanced::set_login;
    get  "/devices/{mac}/advanced/login/clear"            => device_advanced::ask_clear;
    post "/devices/{mac}/advanced/login/clear"            => device_advanced::clear_login;
    post "/devices/{mac}/advanced/login/rotate"           => device_advanced::rotate;
    post "/devices/{mac}/advanced/raw"                    => device_advanced::set_raw;
    post "/devices/{mac}/advanced/switch"                 => device_advanced::switch;
    post "/devices/{mac}/resync"                          => device_acts::resync;
    get  "/devices/{mac}/suspend"                         => device_acts::ask_suspend;
    post "/devices/{mac}/suspend"                         => device_acts::suspend;
    post "/devices/{mac}/suspend/end"                     => device_acts::end_suspension;
    get  "/devices/{mac}/second-claimant"                 => device_acts::ask_second;
    post "/devices/{mac}/second-claimant"                 => device_acts::allow_second;
    get  "/devices/{mac}/replace"                         => device_acts::ask_replace;
    post "/devices/{mac}/replace"                         => device_acts::replace;
    get  "/devices/{mac}/move"                            => device_acts::ask_move;
    post "/devices/{mac}/move"                            => device_acts::relocate;
    get  "/devices/{mac}/delete"                          => device_acts::ask_delete;
    post "/devices/{mac}/delete"                          => device_acts::delete;

    get  "/configurations/devices"                        => configurations_devices::list;
    get  "/configurations/devices/{mac}"                  => configurations_devices::show;
    post "/configurations/devices/{mac}"                  => configurations_devices::save;

    get  "/installer"                                     => installer::choose;
    get  "/installer/{place}"                             => installer::show;
    get  "/sheets"                                        => sheets::show;

    get  "/administration/resellers"                      => resellers::list;
    get  "/administration/resellers/new"                  => resellers::new;
    post "/administration/resellers/new"                  => resellers::add;
    get  "/administration/resellers/{id}"                 => resellers::show;
    post "/administration/resellers/{id}"                 => resellers::save;
    post "/administration/resellers/{id}/logo"            => resellers::set_logo;
    post "/administration/resellers/{id}/logo/remove"     => resellers::remove_logo;
    get  "/administration/resellers/{id}/delete"          => resellers::ask;
    post "/administration/resellers/{id}/delete"          => resellers::delete;

    get  "/operations/unknown-phones"                     => overview::unknown;
    get  "/operations/global-logins"                      => global_logins::list;
    post "/operations/global-logins/show"                 => global_logins::reveal;
    post "/operations/global-logins/rotate"               => global_logins::rotate;
    get  "/operations/global-logins/{number}/revoke"      => global_logins::ask;
    post "/operations/global-logins/{number}/revoke"      => global_logins::revoke;
    get  "/operations/global-login-requests"              => global_login_requests::list;
    post "/operations/global-login-requests"              => global_login_requests::add;
    get  "/operations/global-login-requests/{number}"     => global_login_requests::show;
    post "/operations/global-login-requests/{number}/decide" => global_login_requests::decide;
    post "/operations/global-login-requests/{number}/reveal" => global_login_requests::reveal;
    get  "/operations/trunks"                             => trunks::list;
    get  "/operations/trunks/new"                         => trunks::new;
    post "/operations/trunks/new"                         => trunks::add;
    post "/operations/trunks/{name}/test"                 => trunks::test;
    get  "/operations/trunks/{name}/remove"               => trunks::ask;
    post "/operations/trunks/{name}/remove"               => trunks::remove;
    get  "/operations/redirects"                          => redirects::list;
    post "/operations/redirects/addresses"                => redirects::addresses;
    get  "/operations/redirects/new"                      => redirects::new;
    post "/operations/redirects/new"                      => redirects::add;
    get  "/operations/redirects/{id}"                     => redirects::show;
    post "/operations/redirects/{id}"                     => redirects::update;
    post "/operations/redirects/{id}/test"                => redirects::test;
    post "/operations/redirects/{id}/sync"                => redirects::sync;
    get  "/operations/redirects/{id}/remove"              => redirects::ask;
    post "/operations/redirects/{id}/remove"              => redirects::remove;
    get  "/operations/prompts"                            => prompts::list;
    post "/operations/prompts"                            => prompts::upload;
    get  "/operations/prompts/{language}/{name}/sound"    => prompts::sound;
    get  "/operations/prompts/{language}/{name}/remove"   => prompts::ask;
    post "/operations/prompts/{language}/{name}/remove"   => prompts::remove;
    get  "/operations/templates"                          => templates::list;
    get  "/operations/templates/{brand}/{file}"           => templates::show;
    post "/operations/templates/{brand}/{file}"           => templates::set;
    get  "/operations/templates/{brand}/{file}/remove"    => templates::ask;
    post "/operations/templates/{brand}/{file}/remove"    => templates::remove;
    get  "/operations/audit"                              => audit::list;
    get  "/operations/audit/verify"                       => audit::verify;

    get  "/help"                                          => help::list;
    get  "/help/{article}"                                => help::show;
    get  "/help/brands/{brand}"                           => help::brand;
    get  "/switch"                                        => switch::show;
    post "/switch"                                        => switch::choose;

    get  "/administration/profile/technical-details"      => technical_details::show;
    post "/administration/profile/technical-details"      => technical_details::add;
    get  "/administration/profile/technical-details/remove" => technical_details::ask_remove;
    post "/administration/profile/technical-details/remove" => technical_details::remove;
    get  "/administration/profile/technical-details/close" => technical_details::ask_close;
    post "/administration/profile/technical-details/close" => technical_details::close;
    get  "/administration/batch"                          => batch::show;
    get  "/administration/batch/devices.csv"              => batch::download;
    get  "/administration/batch/template.csv"             => batch::template;
    get  "/administration/batch/imports/{id}"             => batch::running;
    post "/administration/batch/import"                   => batch::import;
    get  "/administration/customers"                      => customers::list;
    post "/administration/customers"                      => customers::add;
    get  "/administration/customers/new"                  => customers::new;
    get  "/administration/customers/{id}"                 => customers::show;
    post "/administration/customers/{id}"                 => customers::rename;
    get  "/administration/customers/{id}/delete"          => customers::ask_delete;
    post "/administration/customers/{id}/delete"          => customers::delete;
    get  "/administration/customers/{id}/menu-passwords"  => menu_passwords::of_customer;
    get  "/administration/customers/{id}/menu-passwords/rotate" => menu_passwords::ask_customer;
    post "/administration/customers/{id}/menu-passwords/rotate" => menu_passwords::rotate_customer;
    get  "/administration/sites"                          => sites::list;
    post "/administration/sites"                          => sites::add;
    get  "/administration/sites/new"                      => sites::new;
    get  "/administration/sites/{id}"                     => sites::show;
    post "/administration/sites/{id}"                     => sites::update;
    get  "/administration/sites/{id}/delete"              => sites::ask_delete;
    post "/administration/sites/{id}/delete"              => sites::delete;
    get  "/administration/sites/{id}/menu-passwords"      => menu_passwords::of_site;
    get  "/administration/sites/{id}/menu-passwords/rotate" => menu_passwords::ask_site;
    post "/administration/sites/{id}/menu-passwords/rotate" => menu_passwords::rotate_site;
    get  "/administration/policy"                         => policy::show;
    post "/administration/policy"                         => policy::set;
    get  "/administration/users"                          => users::list;
    post "/administration/users"                          => users::add;
    get  "/administration/users/new"                      => users::new;
    get  "/administration/users/{id}"                     => users::show;
    post "/administration/users/{id}"                     => users::rename;
    post "/administration/users/{id}/disable"             => users::disable;
    post "/administration/users/{id}/invite"              => users::invite;
    get  "/administration/users/{id}/password"            => users::ask_password;
    post "/administration/users/{id}/password"            => users::new_password;
    get  "/administration/users/{id}/delete"              => users::ask_delete;
    post "/administration/users/{id}/delete"              => users::delete;
    get  "/administration/tokens"                         => tokens::list;
    post "/administration/tokens"                         => tokens::make;
    get  "/administration/tokens/new"                     => tokens::new;
    get  "/administration/tokens/{id}/revoke"             => tokens::ask_revoke;
    post "/administration/tokens/{id}/revoke"             => tokens::revoke;
    get  "/administration/webhooks"                       => webhooks::list;
    post "/administration/webhooks"                       => webhooks::add;
    get  "/administration/webhooks/new"                   => webhooks::new;
    get  "/administration/webhooks/{id}"                  => webhooks::show;
    post "/administration/webhooks/{id}"                  => webhooks::save;
    post "/administration/webhooks/{id}/switch"           => webhooks::switch;
    post "/administration/webhooks/{id}/test"             => webhooks::test;
    get  "/administration/webhooks/{id}/secret"           => webhooks::ask_secret;
    post "/administration/webhooks/{id}/secret"           => webhooks::new_secret;
    get  "/administration/webhooks/{id}/remove"           => webhooks::ask_remove;
    post "/administration/webhooks/{id}/remove"           => webhooks::remove;
    post "/administration/webhooks/{id}/deliveries/{delivery}/replay" => webhooks::replay;
    get  "/administration/contacts"                       => contacts::show;
    post "/administration/contacts"                       => contacts::add;
    get  "/administration/contacts/template.csv"          => contacts::template;
    post "/administration/contacts/import"                => contacts::import;
    get  "/administration/contacts/remove"                => contacts::ask_remove;
    post "/administration/contacts/remove"                => contacts::remove;
}

/// Declares the API: the router, and the list of what it serves for the document that describes it.
macro_rules! api {
    ($($verb:ident $path:literal => $module:ident::$handler:ident;)*) => {
        fn endpoints(app: &App) -> Router<App> {
            let table = Router::new()$(.route($path, $verb(app, crate::api::$module::$handler)))*;
            table
                .method_not_allowed_fallback(|| async { Problem::method() })
                .fallback(|| async { Problem::not_found() })
                .layer(from_fn_with_state(app.clone(), guard))
        }

        /// Verb and path of every endpoint.
        pub(crate) const ENDPOINTS: &[(&str, &str)] = &[$((stringify!($verb), $path)),*];

        /// What the endpoints say of themselves.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($(crate::api::$module::$handler),*))]
        pub(crate) struct Described;
    };
}

api! {
    read   "/whoami"                                      => whoami::show;

    read   "/devices"                                     => devices::list;
    create "/devices"                                     => devices::create;
    read   "/device-counts"                               => devices::counts;
    read   "/devices.csv"                                 => devices::csv;
    import "/imports"                                     => imports::create;
    read   "/imports/{id}"                                => imports::read;
    read   "/simulate"                                    => simulate::simulate;
    read   "/devices/{mac}"                               => devices::read;
    update "/devices/{mac}"                               => devices::update;
    remove "/devices/{mac}"                               => devices::delete;
    read   "/devices/{mac}/configs/{file}"                => devices::config;
    read   "/devices/{mac}/requests"                      => devices::requests;
    read   "/devices/{mac}/calls"                         => devices::calls;
    act    "/devices/{mac}/reset-authentication"          => device_acts::reset;
    act    "/devices/{mac}/suspend-authentication"        => device_acts::suspend;
    remove "/devices/{mac}/suspend-authentication"        => device_acts::end_suspension;
    act    "/devices/{mac}/allow-global-password"         => device_acts::allow;
    act    "/devices/{mac}/allow-second-claimant"         => device_acts::allow_second;
    act    "/devices/{mac}/resync"                        => device_acts::resync;
    act    "/devices/{mac}/move"                          => device_acts::relocate;
    act    "/devices/{mac}/replace"                       => device_acts::replace;
    set    "/devices/{mac}/login"                         => device_acts::set_login;
    remove "/devices/{mac}/login"                         => device_acts::clear_login;
    act    "/devices/{mac}/rotate-login"                  => device_acts::rotate_login;
    read   "/devices/{mac}/redirect"                      => redirects::standing;
    set    "/devices/{mac}/label"                         => redirects::set_label;
    set    "/devices/{mac}/by-hand"                       => redirects::mark;
    remove "/devices/{mac}/by-hand"                       => redirects::unmark;
    act    "/devices/{mac}/redirect-pin"                  => redirects::pin;
    act    "/devices/{mac}/redirect-address"              => redirects::address;

    read   "/resellers"                                   => resellers::list;
    create "/resellers"                                   => resellers::create;
    read   "/resellers/{id}"                              => resellers::read;
    update "/resellers/{id}"                              => resellers::update;
    remove "/resellers/{id}"                              => resellers::delete;
    set    "/resellers/{id}/logo"                         => resellers::set_logo;
    remove "/resellers/{id}/logo"                         => resellers::remove_logo;
    read   "/customers"                                   => customers::list;
    create "/customers"                                   => customers::create;
    read   "/customers/{id}"                              => customers::read;
    update "/customers/{id}"                              => customers::update;
    remove "/customers/{id}"                              => customers::delete;
    read   "/sites"                                       => sites::list;
    create "/sites"                                       => sites::create;
    read   "/sites/{id}"                                  => sites::read;
    update "/sites/{id}"                                  => sites::update;
    remove "/sites/{id}"                                  => sites::delete;

    read   "/operator/policy"                             => policies::of_operator;
    set    "/operator/policy"                             => policies::set_operator;
    read   "/resellers/{id}/policy"                       => policies::of_reseller;
    set    "/resellers/{id}/policy"                       => policies::set_reseller;
    read   "/customers/{id}/policy"                       => policies::of_customer;
    set    "/customers/{id}/policy"                       => policies::set_customer;
    read   "/sites/{id}/policy"                           => policies::of_site;
    set    "/sites/{id}/policy"                           => policies::set_site;
    read   "/operator/settings"                           => settings::of_operator;
    set    "/operator/settings"                           => settings::set_operator;
    read   "/resellers/{id}/settings"                     => settings::of_reseller;
    set    "/resellers/{id}/settings"                     => settings::set_reseller;
    read   "/customers/{id}/settings"                     => settings::of_customer;
    set    "/customers/{id}/settings"                     => settings::set_customer;
    read   "/sites/{id}/settings"                         => settings::of_site;
    set    "/sites/{id}/settings"                         => settings::set_site;
    read   "/customers/{id}/trusted-networks"             => trusted_networks::list;
    create "/customers/{id}/trusted-networks"             => trusted_networks::create;
    remove "/customers/{id}/trusted-networks/{network}"   => trusted_networks::delete;
    remove "/customers/{id}/trust-windows/{network}"      => trusted_networks::close;

    read   "/tokens"                                      => tokens::list;
    create "/tokens"                                      => tokens::create;
    read   "/tokens/{id}"                                 => tokens::read;
    remove "/tokens/{id}"                                 => tokens::delete;
    read   "/users"                                       => users::list;
    create "/users"                                       => users::create;
    read   "/users/{id}"                                  => users::read;
    update "/users/{id}"                                  => users::update;
    remove "/users/{id}"                                  => users::delete;
    act    "/users/{id}/invite"                           => users::invite;
    read   "/trunks"                                      => trunks::list;
    create "/trunks"                                      => trunks::create;
    read   "/trunks/{name}"                               => trunks::read;
    remove "/trunks/{name}"                               => trunks::delete;
    act    "/trunks/{name}/test"                          => trunks::test;
    read   "/redirect-kinds"                              => redirects::kinds;
    read   "/redirect-services"                           => redirects::list;
    create "/redirect-services"                           => redirects::create;
    read   "/redirect-services/{id}"                      => redirects::read;
    update "/redirect-services/{id}"                      => redirects::update;
    remove "/redirect-services/{id}"                      => redirects::delete;
    act    "/redirect-services/{id}/test"                 => redirects::test;
    act    "/redirect-services/{id}/sync"                 => redirects::sync;
    read   "/redirect-services/{id}/refused"              => redirects::refused;
    read   "/redirect-addresses.csv"                      => redirects::addresses;
    read   "/prompts"                                     => prompts::list;
    read   "/prompts/{language}/{name}"                   => prompts::read;
    set    "/prompts/{language}/{name}"                   => prompts::set;
    remove "/prompts/{language}/{name}"                   => prompts::delete;
    read   "/templates"                                   => templates::list;
    create "/templates"                                   => templates::create;
    read   "/templates/{brand}/{file}"                    => templates::read;
    update "/templates/{brand}/{file}"                    => templates::update;
    remove "/templates/{brand}/{file}"                    => templates::delete;
    read   "/brands"                                      => brands::list;
    read   "/brands/{brand}"                              => brands::read;

    read   "/global-logins"                               => global_logins::list;
    create "/global-logins"                               => global_logins::create;
    read   "/global-login-requests"                       => global_login_requests::list;
    create "/global-login-requests"                       => global_login_requests::create;
    read   "/global-login-requests/{id}"                  => global_login_requests::read;
    act    "/global-login-requests/{id}/grant"            => global_login_requests::grant;
    act    "/global-login-requests/{id}/decline"          => global_login_requests::decline;
    act    "/global-login-requests/{id}/reveal"           => global_login_requests::reveal;
    read   "/webhooks"                                    => webhooks::list;
    create "/webhooks"                                    => webhooks::create;
    read   "/webhooks/{id}"                               => webhooks::read;
    update "/webhooks/{id}"                               => webhooks::update;
    remove "/webhooks/{id}"                               => webhooks::delete;
    act    "/webhooks/{id}/test"                          => webhooks::test;
    read   "/webhooks/{id}/deliveries"                    => webhooks::deliveries;
    act    "/webhooks/{id}/deliveries/{delivery}/replay"  => webhooks::replay;
    read   "/events"                                      => events::listen;
    read   "/audit"                                       => audit::list;
    read   "/audit/verify"                                => audit::verify;

    read   "/sip-accounts/{name}"                         => telephone::account;
    act    "/pin-attempts"                                => telephone::pin;
}

fn read<H: Handler<T, App>, T: 'static>(_: &App, handler: H) -> MethodRouter<App> {
    get(handler)
}

/// Makes something; once, if the request carries a key.
fn create<H: Handler<T, App>, T: 'static>(app: &App, handler: H) -> MethodRouter<App> {
    routing::post(handler).layer(from_fn_with_state(app.clone(), once))
}

/// Takes a large file, which does nothing more when it comes again.
fn import<H: Handler<T, App>, T: 'static>(_: &App, handler: H) -> MethodRouter<App> {
    routing::post(handler).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX))
}

/// Does something to what is there.
fn act<H: Handler<T, App>, T: 'static>(_: &App, handler: H) -> MethodRouter<App> {
    routing::post(handler)
}

fn update<H: Handler<T, App>, T: 'static>(_: &App, handler: H) -> MethodRouter<App> {
    routing::patch(handler)
}

fn set<H: Handler<T, App>, T: 'static>(_: &App, handler: H) -> MethodRouter<App> {
    // The largest is a recording.
    routing::put(handler).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX))
}

fn remove<H: Handler<T, App>, T: 'static>(_: &App, handler: H) -> MethodRouter<App> {
    routing::delete(handler)
}
