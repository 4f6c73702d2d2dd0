-- Keeps the value behind a commitment of this event. One command may commit to a value twice.
insert into personal_data (event_no, commitment, subject, salt, value) values (?1, ?2, ?3, ?4, ?5)
on conflict (event_no, commitment) do nothing
