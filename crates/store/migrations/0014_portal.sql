-- Fetches in a minute (minutes since 1970), for the newest hours: of the platform (sixteen zero bytes) and of each reseller, customer and site.
create table fetch_minute (
    node bytea not null,
    minute bigint not null,
    fetches bigint not null,
    primary key (node, minute)
);
create index fetch_minute_minute on fetch_minute (minute);

-- The overview reads the newest of these alone.
create index device_seen_fetched on device_seen (last_fetch) where last_fetch is not null;
create index attention_of_kind on attention (kind, at, mac);

-- How a white-label reseller appears. Hosts in lower case, without a port. accent: #rrggbb; logo_hash: SHA-256 of the logo in hexadecimal digits.
create table reseller_look (
    reseller bytea primary key references reseller (id),
    portal_name text not null,
    accent text,
    portal_host text unique,
    phone_host text,
    logo_kind text,
    logo_hash text,
    logo bytea
);
