-- Whom a customer's phones find in their phone book besides each other. Names and numbers are sealed.
create table contact (
    id bytea primary key,
    customer bytea not null references customer (id),
    entry bytea not null
);
create index contact_of on contact (customer, id);
