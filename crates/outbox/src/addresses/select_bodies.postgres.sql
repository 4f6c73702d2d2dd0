-- Messages of some that contain one of the values, which are in lower case. Uses the primary key.
select message_id, body from messages
 where message_id > $2 and message_id <= $3
   and exists (select 1 from json_array_elements_text($1::json) as one (value) where strpos(lower(body), one.value) > 0)
