-- The operator's own recordings: 8 kHz, mono, 16 bits, as WAV files. No secrets.
create table prompt (
    language text not null,
    name text not null,
    wav bytea not null,
    set_at bigint not null,
    primary key (language, name)
);
