-- Gives what is waiting its positions, contiguous after the last one. A second sequencer takes nothing: the rows are
-- locked until the first is done, and then gone; should it have numbered others, log_pkey refuses them.
-- An event is waiting from the moment its transaction has committed, so a slow one holds up nobody but itself.
with taken as (
    delete from events_pending
     where event_no in (select event_no from events_pending order by event_no limit $1)
    returning event_no, leaf_hash
)
insert into log (position, event_no, leaf_hash)
select (select coalesce(max(position), 0) from log) + row_number() over (order by event_no), event_no, leaf_hash
  from taken
returning position, event_no
