-- Where those keys are used, one more than asked for. As keys.sql.
select distinct k.environment as environment
  from key_directory k
 where k.status in ('active', 'suspended')
   and ({selected})
 order by k.environment
 limit {rows}
