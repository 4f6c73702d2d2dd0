-- What auditors read in SQL. SQLite has no schemas: the names begin with what is the schema's name on Postgres. Times are texts
-- in UTC to the millisecond, which compare as times do. Documented in docs/audit-sql.md.
create view tollgate_audit_audit_log as
select l.position,
       l.event_id,
       strftime('%Y-%m-%dT%H:%M:%fZ', l.occurred_at_us / 1000000.0, 'unixepoch') as occurred_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', l.recorded_at_us / 1000000.0, 'unixepoch') as recorded_at,
       l.action,
       l.outcome,
       l.subject_type,
       l.subject_id,
       l.client_id,
       l.actor,
       l.actor_kind,
       l.authenticated_by,
       l.on_behalf_of,
       l.allowed_by,
       l.reason,
       p.value as address,
       l.user_agent,
       l.request_id,
       l.correlation_id,
       l.causation_id,
       l.command_id,
       l.data,
       l.changes
  from audit_log l
  left join audit_personal p on p.commitment = l.address and p.position = l.position;

create view tollgate_audit_key_lifecycle as
with lives as (
    select l.*,
           (select f.data from audit_log f
             where f.subject_id = l.subject_id and f.action in ('api_key.issued', 'api_key.imported')
             order by f.position limit 1) as issued
      from audit_log l
     where l.subject_type = 'api_key')
select subject_id as key_id,
       client_id,
       issued ->> 'name' as key_name,
       issued ->> 'environment' as environment,
       position,
       strftime('%Y-%m-%dT%H:%M:%fZ', occurred_at_us / 1000000.0, 'unixepoch') as occurred_at,
       substr(action, 9) as happened,
       strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(data ->> 'revoked_at', data ->> 'expired_at', data ->> 'revoke_at',
                                               data ->> 'retired_at', data ->> 'previous_until')) as effective_at,
       actor,
       actor_kind,
       allowed_by,
       reason,
       request_id
  from lives;

create view tollgate_audit_access_as_of as
with key_steps as (
    select subject_id as key_id, client_id, position, actor, data,
           action in ('api_key.issued', 'api_key.imported', 'api_key.reinstated') as opens,
           coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(data ->> 'revoked_at', data ->> 'expired_at')),
                    strftime('%Y-%m-%dT%H:%M:%fZ', occurred_at_us / 1000000.0, 'unixepoch')) as at
      from audit_log
     where subject_type = 'api_key'
       and action in ('api_key.issued', 'api_key.imported', 'api_key.reinstated', 'api_key.suspended',
                      'api_key.revoked', 'api_key.expired')),
key_spans as (
    select key_id, client_id, opens, actor as opened_by, position as opened_at_position, at as valid_from,
           lead(at) over steps as valid_until, lead(actor) over steps as closed_by,
           lead(position) over steps as closed_at_position,
           first_value(data) over steps as issued
      from key_steps
    window steps as (partition by key_id order by position)),
client_steps as (
    select subject_id as client_id, position, actor,
           strftime('%Y-%m-%dT%H:%M:%fZ', occurred_at_us / 1000000.0, 'unixepoch') as at,
           action in ('api_client.registered', 'api_client.reinstated') as opens
      from audit_log
     where subject_type = 'api_client'
       and action in ('api_client.registered', 'api_client.reinstated', 'api_client.suspended',
                      'api_client.archived')),
client_spans as (
    select client_id, opens, at as valid_from, lead(at) over steps as valid_until, lead(actor) over steps as closed_by,
           lead(position) over steps as closed_at_position
      from client_steps
    window steps as (partition by client_id order by position)),
keys as (
    select k.key_id, k.client_id, k.issued, k.opened_by, k.opened_at_position,
           max(k.valid_from, c.valid_from,
               coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', k.issued ->> 'not_before'), k.valid_from)) as valid_from,
           nullif(min(coalesce(k.valid_until, '9999'), coalesce(c.valid_until, '9999'),
                      coalesce(case when k.valid_until is null then
                          strftime('%Y-%m-%dT%H:%M:%fZ', d.ends_at_us / 1000000.0, 'unixepoch') end, '9999')),
                  '9999') as valid_until,
           case when k.valid_until <= c.valid_until or c.valid_until is null then k.closed_by else c.closed_by end
               as closed_by,
           case when k.valid_until <= c.valid_until or c.valid_until is null then k.closed_at_position
                else c.closed_at_position end as closed_at_position
      from key_spans k
      join client_spans c
        on c.client_id = k.client_id and c.opens
       and c.valid_from < coalesce(k.valid_until, '9999') and k.valid_from < coalesce(c.valid_until, '9999')
      left join key_directory d on d.key_id = k.key_id
     where k.opens)
select 'key' as kind, key_id as id, client_id as holder_id, issued ->> 'name' as name,
       issued ->> 'environment' as environment, null as role, null as team, issued -> 'scopes' as scopes,
       valid_from, valid_until, opened_by, opened_at_position, closed_by, closed_at_position
  from keys
 where valid_until is null or valid_from < valid_until
union all
select 'grant', g.subject_id, g.data ->> 'principal_id', null,
       null, g.data ->> 'role', g.data ->> '$.scope.team', g.data -> 'scope',
       strftime('%Y-%m-%dT%H:%M:%fZ', g.occurred_at_us / 1000000.0, 'unixepoch'),
       nullif(min(coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', w.occurred_at_us / 1000000.0, 'unixepoch'), '9999'),
                  coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', g.data ->> 'until'), '9999')), '9999'),
       g.actor, g.position, w.actor, w.position
  from audit_log g
  left join audit_log w on w.subject_id = g.subject_id and w.action = 'grant.withdrawn'
 where g.action = 'grant.given';
