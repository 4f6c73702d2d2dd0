-- Reports of leaked secrets with the client of their keys; conditions, order and limit follow. Uses the primary key for
-- one report, leak_directory_by_position for paging, leak_directory_by_key.
select l.leak_id, l.key_id, l.secret_version, l.receiver, l.source, l.url, l.action, l.position, l.reported_at_us,
       k.client_id
  from leak_directory l
  left join key_directory k on k.key_id = l.key_id
 where 1 = 1
