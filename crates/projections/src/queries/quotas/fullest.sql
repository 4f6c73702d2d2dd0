-- What all nodes together have used of each counter since it last began anew: a reset begins another series in the same window. All
-- levels are added up before any is left out; those used most, as a part of what they allow, come first. The limit follows.
select used.series, used.policy_id, used.policy_revision, used.limit_name, used.environment, used.counting, used.client_id, used.key_id,
       used.route_id, used.window_start_us, used.window_end_us, used.epoch, used.used, used.allowed, used.batch_no,
       p.name as policy_name, p.mode as policy_mode
  from (select series,
               min(policy_id) as policy_id,
               max(policy_revision) as policy_revision,
               min(limit_name) as limit_name,
               min(environment) as environment,
               min(counting) as counting,
               min(client_id) as client_id,
               min(key_id) as key_id,
               min(route_id) as route_id,
               min(window_start_us) as window_start_us,
               max(window_end_us) as window_end_us,
               max(epoch) as epoch,
               cast(sum(used) as bigint) as used,
               max(case when policy_revision = last_revision then allowed end) as allowed,
               max(batch_no) as batch_no
          from (select levels.*,
                       max(epoch) over (partition by counter) as last_epoch,
                       max(policy_revision) over (partition by series) as last_revision
                  from (
{levels}
                       ) levels
               ) told
         where epoch = last_epoch
         group by series
       ) used
  left join policy_directory p on p.policy_id = used.policy_id
 order by cast(used.used as double precision) / case when used.allowed > 0 then used.allowed else 1 end desc, used.series
