-- When the last decision in a batch was taken; null once its decisions are forgotten, or when it has none.
alter table usage_batches add column decided_at_us integer;
create index usage_batches_by_decision on usage_batches (decided_at_us) where decided_at_us is not null;
