-- Nothing to do: there is one writer.
select 1 where $1 is null
