-- What a device was set to when it fetched last, kept at the first change after that, so that people can compare. setup: sealed, its
-- secrets masked; at: when that change came.
create table device_before (
    mac text primary key,
    at bigint not null,
    setup bytea not null
);
