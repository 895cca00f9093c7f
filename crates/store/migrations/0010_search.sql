-- What a device is found by: one row for each word, a kind in front ('a' address, 'e' extension, 'l' label from a word on, 'm' MAC, 'p' model,
-- 't' MAC from behind). In bytes, so that both engines sort alike. customer and reseller repeat the device's, for ranges within a branch.
create table device_word (
    word bytea not null,
    mac text not null,
    customer bytea not null,
    reseller bytea,
    primary key (word, mac)
);
create index device_word_of_device on device_word (mac);
create index device_word_of_customer on device_word (customer, word, mac);
create index device_word_of_reseller on device_word (reseller, word, mac) where reseller is not null;

-- reseller repeats the customer's. look: 1, the device itself may want attention; 2, there are rows in attention.
alter table device add column reseller bytea;
alter table device add column look bigint not null default 0;
update device set reseller = (select c.reseller from customer c where c.id = device.customer);
update device set look = 2 where mac in (select mac from attention);

-- Lists and counts by state, for each kind of branch.
drop index device_of_site;
create index device_state on device (state, customer, mac, failed_until);
create index device_state_of_reseller on device (reseller, state, customer, mac, failed_until) where reseller is not null;
create index device_state_of_customer on device (customer, state, mac, failed_until);
create index device_state_of_site on device (site, state, mac, failed_until) where site is not null;
create index device_look on device (customer, mac) where look > 0;

-- Imports that run beside requests, and what came of them, for a day. outcome: JSON.
create table import_run (
    id bytea primary key,
    node_kind text not null,
    node bytea not null,
    begun bigint not null,
    seen bigint not null,
    state text not null,
    outcome text not null
);
create index import_run_begun on import_run (begun);
