-- What auditors read in SQL: views in a schema of their own, over tables that they have no right to. `tollgate migrate
-- --auditor-role` lets a role read them. Documented in docs/audit-sql.md.
create schema if not exists tollgate_audit;

create view tollgate_audit.audit_log as
select l.position,
       l.event_id,
       to_timestamp(l.occurred_at_us / 1000000.0) as occurred_at,
       to_timestamp(l.recorded_at_us / 1000000.0) as recorded_at,
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
       l.data::jsonb as data,
       l.changes::jsonb as changes
  from audit_log l
  left join audit_personal p on p.commitment = l.address and p.position = l.position;

create view tollgate_audit.key_lifecycle as
select l.subject_id as key_id,
       l.client_id,
       i.data::jsonb ->> 'name' as key_name,
       i.data::jsonb ->> 'environment' as environment,
       l.position,
       to_timestamp(l.occurred_at_us / 1000000.0) as occurred_at,
       substr(l.action, 9) as happened,
       coalesce(l.data::jsonb ->> 'revoked_at', l.data::jsonb ->> 'expired_at', l.data::jsonb ->> 'revoke_at',
                l.data::jsonb ->> 'retired_at', l.data::jsonb ->> 'previous_until')::timestamptz as effective_at,
       l.actor,
       l.actor_kind,
       l.allowed_by,
       l.reason,
       l.request_id
  from audit_log l
  left join lateral (
       select f.data from audit_log f
        where f.subject_id = l.subject_id and f.action in ('api_key.issued', 'api_key.imported')
        order by f.position limit 1) i on true
 where l.subject_type = 'api_key';

create view tollgate_audit.access_as_of as
with key_steps as (
    select subject_id as key_id, client_id, position, actor, data::jsonb as data,
           action in ('api_key.issued', 'api_key.imported', 'api_key.reinstated') as opens,
           coalesce((data::jsonb ->> 'revoked_at')::timestamptz, (data::jsonb ->> 'expired_at')::timestamptz,
                    to_timestamp(occurred_at_us / 1000000.0)) as at
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
    select subject_id as client_id, position, actor, to_timestamp(occurred_at_us / 1000000.0) as at,
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
           greatest(k.valid_from, c.valid_from, (k.issued ->> 'not_before')::timestamptz) as valid_from,
           least(k.valid_until, c.valid_until,
                 case when k.valid_until is null then to_timestamp(d.ends_at_us / 1000000.0) end) as valid_until,
           case when k.valid_until <= c.valid_until or c.valid_until is null then k.closed_by else c.closed_by end
               as closed_by,
           case when k.valid_until <= c.valid_until or c.valid_until is null then k.closed_at_position
                else c.closed_at_position end as closed_at_position
      from key_spans k
      join client_spans c
        on c.client_id = k.client_id and c.opens
       and c.valid_from < coalesce(k.valid_until, 'infinity') and k.valid_from < coalesce(c.valid_until, 'infinity')
      left join key_directory d on d.key_id = k.key_id
     where k.opens)
select 'key' as kind, key_id as id, client_id as holder_id, issued ->> 'name' as name,
       issued ->> 'environment' as environment, null as role, null as team, issued -> 'scopes' as scopes,
       valid_from, valid_until, opened_by, opened_at_position, closed_by, closed_at_position
  from keys
 where valid_until is null or valid_from < valid_until
union all
select 'grant', g.subject_id, g.data::jsonb ->> 'principal_id', null,
       null, g.data::jsonb ->> 'role', g.data::jsonb -> 'scope' ->> 'team', g.data::jsonb -> 'scope',
       to_timestamp(g.occurred_at_us / 1000000.0),
       least(to_timestamp(w.occurred_at_us / 1000000.0), (g.data::jsonb ->> 'until')::timestamptz),
       g.actor, g.position, w.actor, w.position
  from audit_log g
  left join audit_log w on w.subject_id = g.subject_id and w.action = 'grant.withdrawn'
 where g.action = 'grant.given';
