-- Operations; conditions, order and limit follow. Uses the primary key for one operation and for paging,
-- operation_directory_by_status for those that are not done.
select operation_id, kind, status, source, reason, ordered_by, node, items_total, items_done, applied, unchanged,
       refused, cancelled_because, export, rows_written, export_made, version,
       position, planned_at_us, started_at_us, ended_at_us, updated_at_us
  from operation_directory
 where 1 = 1
