-- How the latest configuration travelled: https, http, http-encrypted.
alter table device_seen add column transport text;
