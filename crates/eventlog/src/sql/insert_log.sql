-- Gives the event its place. The primary key refuses a second sequencer.
insert into log (position, event_no, leaf_hash) values (?1, ?2, ?3)
