-- The machinery: facts about the database itself, messages between processes, leases and jobs.

create table meta (
    name text primary key,
    value bytea not null
);

create table outbox_head (
    id bigint primary key,
    last bigint not null,
    pruned bigint not null
);
insert into outbox_head (id, last, pruned) values (1, 0, 0);

create table outbox (
    id bigint primary key,
    at bigint not null,
    topic text not null,
    payload text not null
);
create index outbox_at on outbox (at);

create table lease (
    name text primary key,
    owner bytea not null,
    leased_until bigint not null
);

create table job (
    id bytea primary key,
    kind text not null,
    due bigint not null,
    payload text not null,
    owner bytea,
    leased_until bigint,
    tries bigint not null,
    last_error text
);
create index job_due on job (kind, due);
