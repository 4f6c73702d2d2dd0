-- The last batch among the first $2 levels that were told after batch $1; null where none was. Uses quota_levels_by_batch.
select max(first.batch_no) as batch_no
  from (select batch_no from quota_levels where batch_no > $1 order by batch_no limit $2) first
