-- Cancels what waits under a key. One in flight keeps its lease, so that a delivery that still comes is known, and no retry is made.
-- Uses deliveries_cancellable.
update deliveries set state = 'cancelled', ended_at_us = $1
 where cancel_key = $2 and state in ('pending', 'held', 'gathered') and gathered_into is null
