-- The outbox: what is to be told, and to whom. Nothing makes these rows again: they are the truth of what was told.

-- How far the log has been handed over, by whom. A missing one begins at the head of the log.
create table checkpoints (
    name text not null primary key,
    position bigint not null constraint checkpoint_is_a_position check (position >= 0)
);

-- The last sequence of what is told of a subject, beyond the life of its messages.
create table subjects (
    subject text not null primary key,
    sequence bigint not null constraint subject_is_counted_from_one check (sequence >= 1)
);

-- What is told: its body once, however many it goes to.
create table messages (
    message_id text not null primary key,
    kind text not null constraint message_is_of_a_kind check (kind in ('event', 'notice', 'verify', 'test', 'digest')),
    type text not null,
    subject text not null,
    sequence bigint not null,
    position bigint,
    environment text,
    team text,
    client_id text,
    body text not null,
    created_at_us bigint not null
);
create index messages_by_time on messages (created_at_us, message_id);
create index messages_by_client on messages (client_id) where client_id is not null;

-- What has been told by rules, so that it is not told again. The greater a threshold, the graver.
create table notice_marks (
    rule_id text not null,
    notice text not null,
    subject text not null,
    window_key text not null,
    threshold bigint not null,
    message_id text not null,
    -- 1: told; 0: covered by a greater one that was told.
    told bigint not null constraint mark_is_told_or_covered check (told in (0, 1)),
    marked_at_us bigint not null,
    primary key (rule_id, notice, subject, window_key, threshold)
);
create index notice_marks_by_message on notice_marks (message_id);
create index notice_marks_by_time on notice_marks (marked_at_us);

-- One message to one recipient.
create table deliveries (
    entry_no bigint generated always as identity primary key,
    delivery_id text not null constraint delivery_has_one_entry unique,
    message_id text not null references messages (message_id),
    channel text not null constraint delivery_is_by_a_channel check (channel in ('webhook', 'email')),
    endpoint_id text,
    -- None once it was erased.
    address text,
    state text not null constraint delivery_is_in_a_state
        check (state in ('pending', 'held', 'gathered', 'delivered', 'dead', 'cancelled')),
    -- Tries begun, of which some may never have been reported.
    attempts bigint not null,
    -- Tries that failed, as the schedule counts them.
    failures bigint not null,
    due_at_us bigint not null,
    -- 1: behind others of an endpoint that takes no more for now, out of the way of those that go elsewhere.
    behind bigint not null default 0 constraint delivery_is_behind_or_not check (behind in (0, 1)),
    leased_until_us bigint,
    lease text,
    digest_key text,
    -- The digest that it was told in.
    gathered_into text,
    cancel_key text,
    created_at_us bigint not null,
    ended_at_us bigint,
    constraint delivery_to_an_endpoint_by_webhook check ((channel = 'webhook') = (endpoint_id is not null)),
    constraint delivery_to_an_address_by_email check (channel = 'email' or address is null),
    constraint lease_has_an_end check ((lease is null) = (leased_until_us is null)),
    constraint delivery_has_ended_or_not
        check ((ended_at_us is not null) = (state in ('delivered', 'dead', 'cancelled'))),
    constraint delivery_is_gathered_by_a_key check (state <> 'gathered' or digest_key is not null)
);
-- What is claimed: however many have ended, these hold only what waits.
create index deliveries_first on deliveries (channel, due_at_us, entry_no)
    where state = 'pending' and behind = 0 and attempts = 0;
create index deliveries_again on deliveries (channel, due_at_us, entry_no)
    where state = 'pending' and behind = 0 and attempts > 0;
create index deliveries_behind on deliveries (endpoint_id, due_at_us, entry_no) where state = 'pending' and behind = 1;
create index deliveries_leased on deliveries (leased_until_us) where leased_until_us is not null;
create index deliveries_gathered on deliveries (due_at_us, address, digest_key)
    where state = 'gathered' and gathered_into is null;
create index deliveries_gathered_into on deliveries (gathered_into) where gathered_into is not null;
create index deliveries_cancellable on deliveries (cancel_key)
    where cancel_key is not null and state in ('pending', 'held', 'gathered');
create index deliveries_by_endpoint on deliveries (endpoint_id, state, entry_no) where endpoint_id is not null;
create index deliveries_of_endpoint on deliveries (endpoint_id, entry_no) where endpoint_id is not null;
create index deliveries_by_state on deliveries (state, entry_no, channel);
create index deliveries_by_message on deliveries (message_id);
create index deliveries_by_address on deliveries (address) where address is not null;
create index deliveries_by_lowered_address on deliveries (lower(address)) where address is not null;
create index deliveries_by_time on deliveries (created_at_us);
create index deliveries_ended on deliveries (ended_at_us) where ended_at_us is not null;

-- Every try that was reported.
create table attempts (
    delivery_id text not null,
    attempt_no bigint not null,
    at_us bigint not null,
    outcome text not null constraint attempt_has_an_outcome check (outcome in ('delivered', 'retry', 'dead', 'held', 'late')),
    status bigint,
    latency_ms bigint,
    answer text constraint attempt_keeps_a_kibibyte check (answer is null or length(answer) <= 1024),
    error text,
    primary key (delivery_id, attempt_no)
);

-- What is known of endpoints that something was sent to, or that are closed to it.
create table endpoints (
    endpoint_id text not null primary key,
    state text not null constraint endpoint_is_in_a_state check (state in ('open', 'held', 'removed')),
    consecutive_failures bigint not null,
    failing_since_us bigint,
    last_success_us bigint,
    last_failure_us bigint,
    constraint endpoint_fails_since_a_time check ((failing_since_us is null) = (consecutive_failures = 0))
);

-- Addresses that mail does not reach.
create table addresses (
    address text not null primary key,
    marked_at_us bigint not null,
    reason text not null
);
