select toUInt64(max(batch_no)) as batch_no, toUInt64(max(position)) as position
  from usage_covered
format JSONEachRow
