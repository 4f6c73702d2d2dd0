-- The last counted batch of some runs of gateways; their names follow as values. Uses the primary key.
select node, boot, sequence
  from usage_sequences
 where (node, boot) in
