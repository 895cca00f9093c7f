-- Who is signed in. id: SHA-256 of the cookie, which is long and random; half: the password was right, the second factor is awaited;
-- proved: when a password was last given.
create table session (
    id bytea primary key,
    account bytea not null references account (id),
    half boolean not null,
    begun bigint not null,
    seen bigint not null,
    proved bigint not null,
    ends bigint not null,
    address text not null,
    agent text not null
);
create index session_of_account on session (account);
create index session_ends on session (ends);

-- Wrong sign-ins. id: a hash over what is counted: a name from a network, a network, a name.
create table sign_in_try (
    id bytea primary key,
    wrong bigint not null,
    at bigint not null,
    shut_until bigint not null
);
create index sign_in_try_at on sign_in_try (at);

-- secret: sealed; last_step: the newest code that was taken, so that none is taken twice; confirmed: the person has shown one.
create table second_factor (
    account bytea primary key references account (id),
    secret bytea not null,
    confirmed boolean not null,
    last_step bigint not null
);

create table recovery_code (
    hash bytea primary key,
    account bytea not null references account (id)
);
create index recovery_code_of_account on recovery_code (account);

-- Links in letters that let somebody choose a password. hash: SHA-256 of what stands in the link.
create table password_link (
    hash bytea primary key,
    account bytea not null references account (id),
    ends bigint not null
);
create index password_link_of_account on password_link (account);
create index password_link_ends on password_link (ends);
