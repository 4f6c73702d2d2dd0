-- The clients that some assignments and planned changes concern. Uses audit_clients_pkey.
select id, client_id
  from audit_clients
 where 1 = 1
