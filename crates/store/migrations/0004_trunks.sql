-- Where emergency calls go out. customer is set where site is; both are null for the operator's own.
create table trunk (
    id bytea primary key,
    name text not null unique,
    uri text not null,
    customer bytea references customer (id),
    site bytea references site (id),
    priority bigint not null,
    username text,
    password bytea,
    channels bigint,
    reserved bigint not null,
    test_number text,
    created bigint not null
);
create index trunk_of_customer on trunk (customer) where customer is not null;
create index trunk_of_site on trunk (site) where site is not null;

-- What the node that looked last found.
create table trunk_state (
    trunk bytea primary key references trunk (id),
    up boolean not null,
    since bigint not null,
    checked bigint not null,
    detail text not null
);

-- One row: counts changes of trunks and sites, so that the routing table in memory knows when to read anew.
create table route_head (
    id bigint primary key,
    revision bigint not null
);
insert into route_head (id, revision) values (1, 1);
