-- Signed statements of the log's size and root, and what proofs are quick by. Append-only like the log itself.

-- Hashes of complete subtrees of the Merkle tree, those of every eighth level: 2^level leaves from node · 2^level, counted
-- from zero. Made of log.leaf_hash; with it, the geometry of C2SP tlog-tiles.
create table log_subtrees (
    level  integer not null constraint log_subtrees_level_is_a_tile check (level > 0 and level % 8 = 0),
    node   integer not null constraint log_subtrees_node_from_zero check (node >= 0),
    hash   blob    not null constraint log_subtrees_hash_is_sha256 check (length(hash) = 32),
    primary key (level, node)
) without rowid;

create trigger log_subtrees_are_not_updated before update on log_subtrees
begin select raise(abort, 'log_subtrees is append-only'); end;
create trigger log_subtrees_are_not_deleted before delete on log_subtrees
begin select raise(abort, 'log_subtrees is append-only'); end;
create trigger log_subtrees_are_not_replaced before insert on log_subtrees
when exists (select 1 from log_subtrees where level = new.level and node = new.node)
begin select raise(abort, 'log_subtrees is append-only'); end;

-- Under which name the log is signed. A second one is an operator's word that what was published under the first is no
-- longer continued.
create table log_identities (
    number            integer primary key constraint log_identities_number_from_one check (number >= 1),
    origin            text    not null unique,
    made_at           text    not null,
    reason            text    not null,
    abandoned_origin  text,
    abandoned_size    integer
);

create trigger log_identities_are_not_updated before update on log_identities
begin select raise(abort, 'log_identities is append-only'); end;
create trigger log_identities_are_not_deleted before delete on log_identities
begin select raise(abort, 'log_identities is append-only'); end;
create trigger log_identities_are_not_replaced before insert on log_identities
when exists (select 1 from log_identities where number = new.number or origin = new.origin)
begin select raise(abort, 'log_identities is append-only'); end;

-- Signed notes, as they were published.
create table checkpoints (
    identity   integer not null references log_identities (number),
    size       integer not null constraint checkpoints_size_from_one check (size >= 1),
    signed_at  text    not null,
    root       blob    not null constraint checkpoints_root_is_sha256 check (length(root) = 32),
    note       text    not null,
    primary key (identity, size, signed_at)
) without rowid;

create trigger checkpoints_are_not_updated before update on checkpoints
begin select raise(abort, 'checkpoints is append-only'); end;
create trigger checkpoints_are_not_deleted before delete on checkpoints
begin select raise(abort, 'checkpoints is append-only'); end;
create trigger checkpoints_are_not_replaced before insert on checkpoints
when exists (select 1 from checkpoints
              where identity = new.identity and size = new.size and signed_at = new.signed_at)
begin select raise(abort, 'checkpoints is append-only'); end;

-- The public keys that checkpoints were ever signed by.
create table checkpoint_keys (
    vkey             text    not null primary key,
    identity         integer not null references log_identities (number),
    first_size       integer not null,
    first_signed_at  text    not null
) without rowid;

create trigger checkpoint_keys_are_not_updated before update on checkpoint_keys
begin select raise(abort, 'checkpoint_keys is append-only'); end;
create trigger checkpoint_keys_are_not_deleted before delete on checkpoint_keys
begin select raise(abort, 'checkpoint_keys is append-only'); end;
create trigger checkpoint_keys_are_not_replaced before insert on checkpoint_keys
when exists (select 1 from checkpoint_keys where vkey = new.vkey)
begin select raise(abort, 'checkpoint_keys is append-only'); end;
