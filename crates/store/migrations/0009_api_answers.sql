-- What a request with an idempotency key was answered, for a day. id: a hash over token and key; request: a hash over what was asked;
-- answer: sealed, as it may show a password once; null while the request runs.
create table api_answer (
    id bytea primary key,
    at bigint not null,
    request bytea not null,
    answer bytea
);
create index api_answer_at on api_answer (at);
