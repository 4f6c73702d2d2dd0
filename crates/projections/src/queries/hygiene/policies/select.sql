-- Active policies none of whose assignments in reach can bind a call at a time or later; conditions, order and limit follow. Uses
-- the primary keys and assignment_directory_by_policy.
select p.policy_id, p.status, p.revision, p.spec, p.version, p.position, p.defined_at_us, p.updated_at_us,
       (select count(*) from assignment_directory a where a.policy_id = p.policy_id and {reach}) as assignments
  from policy_directory p
 where p.status = 'active'
   and not exists (
       select 1
         from assignment_directory a
         left join client_directory c on c.client_id = a.client_id
         left join route_directory r on r.route_id = a.route_id
        where a.policy_id = p.policy_id
          and {reach}
          and (a.until_us is null or a.until_us > $1)
          and (a.client_id is null or c.status <> 'archived')
          and (a.route_id is null or r.status = 'active'))
