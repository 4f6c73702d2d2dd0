-- What became of an operation's items; conditions, order and limit follow. Uses the primary key, whose order is the
-- items' within an operation.
select operation_id, number, subject, key_id, result, code, detail
  from operation_items
 where 1 = 1
