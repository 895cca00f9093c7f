-- Telephone calls of phones that somebody added, the newest of each; never a digit that was keyed in. account is the claim's token.
create table call (
    id bytea primary key,
    mac text not null,
    started bigint not null,
    ended bigint not null,
    source text not null,
    account text not null,
    dialled text not null,
    prompts text not null,
    result text not null
);
create index call_of_device on call (mac, started);

-- What was answered to PIN attempts that another engine passed on, so that a repeated one is answered alike and counted once.
-- subject: the account, or MAC and address, that it was for. The digits are stored nowhere.
create table pin_attempt (
    session text not null,
    attempt bigint not null,
    at bigint not null,
    subject text not null,
    result text not null,
    attempts_left bigint,
    primary key (session, attempt)
);
create index pin_attempt_at on pin_attempt (at);
