-- What happened, for listeners outside: live pages, webhooks, mail. id: the number of its message in the outbox, so ids grow in the order of
-- commits. reseller, customer, site: whose it was when it happened; all null for the operator's own.
create table event (
    id bigint primary key,
    at bigint not null,
    type text not null,
    reseller bytea,
    customer bytea,
    site bytea,
    mac text,
    data text not null
);
create index event_at on event (at);
create index event_type on event (type, id);
create index event_mac on event (mac, id) where mac is not null;

-- How far each background reader of events has come. pruned: the newest event that was removed; windows: a time, up to which ended trust
-- windows were told.
create table event_cursor (
    name text primary key,
    at bigint not null
);
insert into event_cursor (name, at) values ('pruned', 0), ('windows', 0), ('webhooks', 0), ('alerts', 0);

-- Who is sent events. reseller, customer, site: whose branch; all null for the whole platform. types: with spaces between them, all if
-- empty. secret: sealed, what deliveries are signed with. failing_since: since when no delivery has arrived.
create table webhook (
    id bytea primary key,
    reseller bytea references reseller (id) on delete cascade,
    customer bytea references customer (id) on delete cascade,
    site bytea references site (id) on delete cascade,
    url text not null,
    label text not null,
    types text not null,
    secret bytea not null,
    created bigint not null,
    enabled boolean not null,
    disabled_because text,
    failing_since bigint,
    version bigint not null
);

-- What a webhook is sent, and what came of it. due: when to try next; null when nothing more is to be done. Whoever tries holds it until
-- leased_until.
create table webhook_delivery (
    id bytea primary key,
    webhook bytea not null references webhook (id) on delete cascade,
    type text not null,
    body text not null,
    created bigint not null,
    state text not null,
    tries bigint not null,
    due bigint,
    owner bytea,
    leased_until bigint,
    status bigint,
    error text,
    done bigint
);
create index webhook_delivery_due on webhook_delivery (webhook, due) where due is not null;
create index webhook_delivery_leased on webhook_delivery (webhook, leased_until) where leased_until is not null;
create index webhook_delivery_of on webhook_delivery (webhook, created);
create index webhook_delivery_done on webhook_delivery (done) where done is not null;

-- Where people are written to, in which language, and whether they wish alerts.
alter table account add column email text;
alter table account add column language text not null default 'en';
alter table account add column alerts boolean not null default false;

-- Mail that waits. letter: sealed, since it may hold a link that is a secret. What was sent is not kept.
create table mail (
    id bytea primary key,
    letter bytea not null,
    created bigint not null,
    tries bigint not null,
    due bigint not null,
    owner bytea,
    leased_until bigint
);
create index mail_due on mail (due, id);
