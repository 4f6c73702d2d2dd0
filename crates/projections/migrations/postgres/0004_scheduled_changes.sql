-- What is to happen at a time ahead, and what became of it.
create table scheduled_changes (
    change_id       text collate "C"    primary key,
    kind            text    not null,
    status          text    not null constraint scheduled_changes_status_is_known
                            check (status in ('pending', 'applied', 'ended', 'cancelled', 'failed')),
    client_id       text collate "C",
    key_id          text collate "C",
    policy_id       text collate "C",
    change          text    not null constraint scheduled_changes_change_is_json check (change::json is not null),
    at_us           bigint  not null,
    until_us        bigint,
    -- When something is to happen next; null when nothing is.
    due_at_us       bigint,
    reason          text    not null,
    requested_by    text    not null,
    correlation_id  text    not null,
    planned_by      text    not null,
    planned_at_us   bigint  not null,
    applied_at_us   bigint,
    ended_at_us     bigint,
    failure         text    constraint scheduled_changes_failure_is_json check (failure is null or failure::json is not null),
    version         bigint  not null,
    position        bigint  not null,
    updated_at_us   bigint  not null,
    constraint scheduled_changes_is_due_while_open check (
        (status = 'pending') <= (due_at_us is not null) and (status in ('ended', 'cancelled', 'failed')) <= (due_at_us is null))
);
create index scheduled_changes_by_due on scheduled_changes (due_at_us) where due_at_us is not null;
create index scheduled_changes_by_client on scheduled_changes (client_id) where client_id is not null;
create index scheduled_changes_by_key on scheduled_changes (key_id) where key_id is not null;
create index scheduled_changes_by_policy on scheduled_changes (policy_id) where policy_id is not null;

-- What bounds the life of the secret before the newest.
alter table key_directory add column rotated_at_us bigint;
alter table key_directory add column retire_when_idle_hours bigint;
-- 1 once it is on record that it is still in use a day before its end.
alter table key_directory add column still_busy bigint;
create index key_directory_by_overlap on key_directory (previous_until_us) where previous_until_us is not null;
