//! Calls that are answered where they arrive.
//!
//! hyper gives each call over HTTP/2 a task of its own. A decision takes less time than a task does, and nearly every answer is
//! there at once: so what has arrived on a connection is answered by the connection's own task, and then written in one go. Only
//! a call that waits gets a task.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use hyper::rt::Executor;
use hyper_util::rt::TokioExecutor;
use parking_lot::Mutex;

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The calls of one connection that have arrived.
#[derive(Clone, Default)]
pub(super) struct Arrived(Arc<Mutex<Vec<Call>>>);

impl<C: Future<Output = ()> + Send + 'static> Executor<C> for Arrived {
    fn execute(&self, call: C) {
        self.0.lock().push(Box::pin(call));
    }
}

/// A connection that answers its calls. To be polled where tasks can be begun.
pub(super) struct AtOnce<C> {
    connection: Pin<Box<C>>,
    arrived: Arrived,
}

impl<C> AtOnce<C> {
    /// Of a connection whose executor is `arrived`.
    pub(super) fn new(connection: C, arrived: Arrived) -> Self {
        Self { connection: Box::pin(connection), arrived }
    }
}

impl<C: Future> Future for AtOnce<C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<C::Output> {
        let Self { connection, arrived } = self.get_mut();
        loop {
            let ended = connection.as_mut().poll(context);
            let calls = std::mem::take(&mut *arrived.0.lock());
            if calls.is_empty() {
                return ended;
            }
            calls.into_iter().for_each(answer);
            if ended.is_ready() {
                return ended;
            }
        }
    }
}

/// Nobody is woken by the first try: if there must be another, a task tries again and is.
fn answer(mut call: Call) {
    let mut nobody = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut nobody))) {
        Ok(Poll::Ready(())) => {}
        Ok(Poll::Pending) => TokioExecutor::new().execute(call),
        // The panic hook has written down where. The call's stream is reset; its connection goes on.
        Err(_) => tracing::error!("A call broke off"),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, poll_fn, ready},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use tokio::sync::oneshot;

    use super::*;

    /// A connection on which these calls arrive, all at once, and which then stays open.
    fn connection(calls: Vec<Call>) -> AtOnce<impl Future<Output = ()>> {
        let arrived = Arrived::default();
        let mut calls = Some(calls);
        let (executor, open) = (arrived.clone(), pending());
        let connection = async move {
            calls.take().into_iter().flatten().for_each(|call| executor.execute(call));
            open.await
        };
        AtOnce::new(connection, arrived)
    }

    #[tokio::test]
    async fn a_call_that_waits_is_ended_by_a_task_and_keeps_no_other_waiting() {
        let answered = Arc::new(AtomicUsize::new(0));
        let count = |answered: &Arc<AtomicUsize>| {
            let answered = Arc::clone(answered);
            move || {
                answered.fetch_add(1, Ordering::Relaxed);
            }
        };
        let (reserve, reserved) = oneshot::channel::<()>();
        let (late, at_once) = (count(&answered), count(&answered));
        let (told, was_told) = oneshot::channel();
        let calls: Vec<Call> = vec![
            Box::pin(async move {
                reserved.await.unwrap();
                late();
                told.send(()).unwrap();
            }),
            Box::pin(async move { at_once() }),
        ];
        let mut connection = connection(calls);
        poll_fn(|context| Poll::Ready(Pin::new(&mut connection).poll(context).is_ready())).await;
        assert_eq!(answered.load(Ordering::Relaxed), 1);
        reserve.send(()).unwrap();
        was_told.await.unwrap();
        assert_eq!(answered.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_call_that_panics_takes_no_other_with_it() {
        let (told, was_told) = oneshot::channel();
        let calls: Vec<Call> = vec![
            Box::pin(poll_fn(|_| panic!("as a fault would"))),
            Box::pin(async move { told.send(()).unwrap() }),
            Box::pin(ready(())),
        ];
        let mut connection = connection(calls);
        let ended = poll_fn(|context| Poll::Ready(Pin::new(&mut connection).poll(context).is_ready())).await;
        assert!(!ended, "the connection goes on");
        was_told.await.unwrap();
    }
}
