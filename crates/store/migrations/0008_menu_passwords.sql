-- How often the passwords of a place's phones were made anew; 0 where there is no row. The passwords themselves stand nowhere.
create table menu_password (
    node_kind text not null,
    node bytea not null,
    round bigint not null,
    primary key (node_kind, node)
);
