-- Who there is, what holds for them, and their phones. Ids are 16 bytes (UUID version 7), times are milliseconds since 1970 UTC.

-- One row: counts changes that bear on more than one customer, and numbers the global logins.
create table platform (
    id bigint primary key,
    revision bigint not null,
    last_global_login bigint not null
);
insert into platform (id, revision, last_global_login) values (1, 1, 0);

create table reseller (
    id bytea primary key,
    name text not null unique,
    kind text not null,
    created bigint not null,
    version bigint not null
);

-- revision counts changes of tenancy, policy, settings and trust of this customer alone.
create table customer (
    id bytea primary key,
    reseller bytea references reseller (id),
    name text not null,
    created bigint not null,
    version bigint not null,
    revision bigint not null
);
create unique index customer_of_reseller on customer (reseller, name) where reseller is not null;
create unique index customer_of_operator on customer (name) where reseller is null;

create table site (
    id bytea primary key,
    customer bytea not null references customer (id),
    name text not null,
    country text,
    caller_number text,
    location text,
    created bigint not null,
    version bigint not null,
    unique (customer, name)
);

-- node is sixteen zero bytes for the operator.
create table policy (
    node_kind text not null,
    node bytea not null,
    key text not null,
    value text not null,
    primary key (node_kind, node, key)
);

create table setting (
    node_kind text not null,
    node bytea not null,
    key text not null,
    value text not null,
    primary key (node_kind, node, key)
);

-- name: a brand, or brand/model.
create table model_setting (
    name text not null,
    key text not null,
    value text not null,
    primary key (name, key)
);

-- state and failed_until repeat what the sealed auth says, for lists. lines holds lines and settings of the device.
create table device (
    mac text primary key,
    id bytea not null unique,
    customer bytea not null references customer (id),
    site bytea references site (id),
    brand text not null,
    model text not null,
    label text not null,
    created bigint not null,
    disabled boolean not null,
    state text not null,
    failed_until bigint,
    auth bytea not null,
    lines bytea not null,
    version bigint not null
);
create unique index device_of_customer on device (customer, mac);
create index device_of_site on device (site) where site is not null;
create index device_failed on device (failed_until) where failed_until is not null;

-- What a device was last seen doing. Written apart from the device, many at a time.
create table device_seen (
    mac text primary key,
    last_fetch bigint,
    address text,
    own_address text,
    firmware text not null,
    model text not null,
    requests text not null
);

-- What an admin should look at.
create table attention (
    mac text not null,
    kind text not null,
    at bigint not null,
    address text,
    primary key (mac, kind)
);

-- Phones that nobody added. Bounded: the longest unseen go.
create table knock (
    mac text primary key,
    first_seen bigint not null,
    last_seen bigint not null,
    address text not null,
    model text not null,
    times bigint not null
);
create index knock_seen on knock (last_seen);

create table trusted_network (
    customer bytea not null references customer (id),
    network text not null,
    label text not null,
    created bigint not null,
    primary key (customer, network)
);

create table trust_window (
    customer bytea not null references customer (id),
    network text not null,
    opened bigint not null,
    ends bigint not null,
    pin_success bigint not null,
    opened_by text not null,
    primary key (customer, network)
);
create index trust_window_ends on trust_window (ends);

-- From which networks whose devices fetched.
create table site_address (
    network text not null,
    customer bytea not null references customer (id),
    last_seen bigint not null,
    primary key (network, customer)
);
create index site_address_seen on site_address (last_seen);

-- owner is null for the operator. Rows stay for ever: a number is never used twice.
create table global_login (
    id bigint primary key,
    owner bytea references reseller (id),
    username text not null,
    password bytea not null,
    created bigint not null,
    valid_until bigint,
    revoked boolean not null
);

-- Who asked for the global login, what came of it, and when it was shown to them. Rows stay for ever: they are the history.
create table global_login_request (
    number bigint primary key,
    node_kind text not null,
    node bytea not null,
    reason text not null,
    state text not null,
    asked bigint not null,
    asked_by text not null,
    decided bigint,
    decided_by text,
    revealed bigint
);

create table account (
    id bytea primary key,
    name text not null unique,
    role text not null,
    node_kind text not null,
    node bytea not null,
    password_hash text not null,
    created bigint not null,
    disabled boolean not null,
    version bigint not null
);

create table api_token (
    id bytea primary key,
    hash bytea not null unique,
    label text not null,
    role text not null,
    node_kind text not null,
    node bytea not null,
    created bigint not null,
    expires bigint,
    last_used bigint
);

-- Each hash covers its row and the hash before it; the head keeps the last one sealed.
create table audit (
    seq bigint primary key,
    at bigint not null,
    node_kind text not null,
    node bytea not null,
    actor text not null,
    action text not null,
    subject text not null,
    detail text not null,
    hash bytea not null
);
create index audit_of_node on audit (node_kind, node, seq);

create table audit_head (
    id bigint primary key,
    seq bigint not null,
    hash bytea
);
insert into audit_head (id, seq) values (1, 0);
