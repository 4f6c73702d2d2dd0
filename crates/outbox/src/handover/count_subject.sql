-- Keeps that a sequence of this subject was given. Uses the primary key.
insert into subjects (subject, sequence) values ($1, 1)
on conflict (subject) do update set sequence = subjects.sequence + 1
