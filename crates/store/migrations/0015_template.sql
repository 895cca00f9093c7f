-- The operator's own files of brands in the place of the program's, for all nodes. No secrets. base_hash: SHA-256 of the program's file that it
-- was made from, in hexadecimal digits; base_version: the version of the program that had it.
create table template (
    brand text not null,
    file text not null,
    content text not null,
    base_hash text not null,
    base_version text not null,
    created bigint not null,
    updated bigint not null,
    updated_by text not null,
    revision bigint not null,
    primary key (brand, file)
);

-- Moves with every change of any of them: what was tried together is kept only if nothing else was changed meanwhile.
create table template_head (
    id bigint primary key,
    revision bigint not null
);
insert into template_head (id, revision) values (1, 0);
