-- From how many addresses each client called on each day of UTC, as a sketch: which they are cannot be told from it.
create table usage_addresses (
    start_s     integer not null constraint usage_addresses_starts_a_day check (start_s % 86400 = 0),
    client_id   text    not null,
    environment text    not null,
    sketch      text    not null,
    primary key (start_s, client_id, environment)
) strict, without rowid;
