-- What was told of an event: asked for by those who look at its entry in the audit log.
create index messages_by_position on messages (position) where position is not null;
