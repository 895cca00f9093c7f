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
