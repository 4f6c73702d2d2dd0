-- Signed statements of the log's size and root, and what proofs are quick by. Append-only like the log itself.

-- Hashes of complete subtrees of the Merkle tree, those of every eighth level: 2^level leaves from node · 2^level, counted
-- from zero. Made of log.leaf_hash; with it, the geometry of C2SP tlog-tiles.
create table log_subtrees (
    level  bigint not null constraint log_subtrees_level_is_a_tile check (level > 0 and level % 8 = 0),
    node   bigint not null constraint log_subtrees_node_from_zero check (node >= 0),
    hash   bytea   not null constraint log_subtrees_hash_is_sha256 check (length(hash) = 32),
    constraint log_subtrees_pkey primary key (level, node)
);

-- Under which name the log is signed. A second one is an operator's word that what was published under the first is no
-- longer continued.
create table log_identities (
    number            bigint constraint log_identities_pkey primary key constraint log_identities_number_from_one check (number >= 1),
    origin            text    not null constraint log_identities_origin_key unique,
    made_at           text    not null,
    reason            text    not null,
    abandoned_origin  text,
    abandoned_size    bigint
);

-- Signed notes, as they were published.
create table checkpoints (
    identity   bigint not null references log_identities (number),
    size       bigint not null constraint checkpoints_size_from_one check (size >= 1),
    signed_at  text    not null,
    root       bytea   not null constraint checkpoints_root_is_sha256 check (length(root) = 32),
    note       text    not null,
    constraint checkpoints_pkey primary key (identity, size, signed_at)
);

-- The public keys that checkpoints were ever signed by.
create table checkpoint_keys (
    vkey             text    constraint checkpoint_keys_pkey primary key,
    identity         bigint not null references log_identities (number),
    first_size       bigint not null,
    first_signed_at  text    not null
);

create trigger log_subtrees_is_append_only before update or delete on log_subtrees
    for each row execute function refuse_change();
create trigger log_subtrees_is_not_truncated before truncate on log_subtrees
    for each statement execute function refuse_change();
create trigger log_identities_is_append_only before update or delete on log_identities
    for each row execute function refuse_change();
create trigger log_identities_is_not_truncated before truncate on log_identities
    for each statement execute function refuse_change();
create trigger checkpoints_is_append_only before update or delete on checkpoints
    for each row execute function refuse_change();
create trigger checkpoints_is_not_truncated before truncate on checkpoints
    for each statement execute function refuse_change();
create trigger checkpoint_keys_is_append_only before update or delete on checkpoint_keys
    for each row execute function refuse_change();
create trigger checkpoint_keys_is_not_truncated before truncate on checkpoint_keys
    for each statement execute function refuse_change();
