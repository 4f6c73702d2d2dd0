-- Appends one event. A taken (aggregate_type, aggregate_id, sequence) is a version conflict.
insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, event_id, recorded_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
