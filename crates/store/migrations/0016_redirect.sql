-- Brands' redirect services. An account is the operator's (reseller null) or a reseller's; one of each kind at most.
-- credentials: sealed. passed: the platform's revision that the last complete pass saw, 0 for none. asked, answered: how often a complete
-- pass was asked for, and what of that the last one saw. due: not looked at before; after a failure. failure, said: why the last call came to nothing. compared: when the service's whole list was last held against ours, drift:
-- what that found, JSON. leaving: everything is removed there, then the account here.
create table redirect_account (
    id bytea primary key,
    reseller bytea references reseller (id),
    kind text not null,
    region text not null,
    credentials bytea not null,
    created bigint not null,
    passed bigint not null,
    asked bigint not null,
    answered bigint not null,
    due bigint not null,
    verified bigint,
    failure text,
    said text,
    failed_since bigint,
    compared bigint,
    drift text,
    leaving boolean not null,
    version bigint not null
);
create unique index redirect_account_of_operator on redirect_account (kind) where reseller is null;
create unique index redirect_account_of_reseller on redirect_account (reseller, kind) where reseller is not null;

-- Profiles at a service that we wrote: remote is its id there, mark what it says.
create table redirect_profile (
    account bytea not null references redirect_account (id) on delete cascade,
    name text not null,
    remote text not null,
    mark bigint not null,
    primary key (account, name)
);

-- Devices at a service, as far as we know. state: writing, removing, listed, refused. It outlives its device until it is removed there.
-- again: not tried before; null: at once for writing and removing, never by itself for refused. asked: when the phone last asked the
-- service. seen: the comparison that last found it.
create table redirect_device (
    account bytea not null references redirect_account (id) on delete cascade,
    mac text not null,
    state text not null,
    mark bigint not null,
    since bigint not null,
    again bigint,
    tries bigint not null,
    code text,
    said text,
    asked bigint,
    seen bigint not null,
    primary key (account, mac)
);
create index redirect_device_mac on redirect_device (mac);
create index redirect_device_again on redirect_device (account, again) where again is not null;
create index redirect_device_state on redirect_device (account, state);

-- What a service hands out for a phone that may ask for it on its display. Sealed.
create table redirect_pin (
    mac text primary key,
    pin bytea not null
);

-- Devices that changed since they were last looked at, and how often.
create table redirect_wake (
    mac text primary key,
    calls bigint not null
);

-- Registered by hand, at a service that we do not speak to.
create table redirect_by_hand (
    mac text primary key,
    at bigint not null,
    actor text not null
);

-- What stands on a device's label besides its MAC.
create table device_identity (
    mac text primary key,
    serial text,
    mac_id text
);
