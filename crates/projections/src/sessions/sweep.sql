-- Drops sessions that have ended, or that nobody has used for long. Reads the whole table, which holds those of half a day.
delete from sign_in_sessions where ends_at_us <= $1 or last_seen_at_us <= $2
