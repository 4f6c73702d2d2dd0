//! Hears gateways without being one: for who waits until they have applied an event.

use async_nats::{Client, Message};
use domain::Environment;
use futures::{StreamExt as _, stream::select};
use tokio_util::sync::CancellationToken;

use crate::{
    Heartbeat, MembershipFailure,
    membership::{APPLIED, NODES},
};

/// Hands on what the gateways of all environments say, until stopped.
///
/// # Errors
/// When the connection cannot be used at all; being down is no error, and nothing is heard meanwhile.
pub async fn listen(
    client: Client,
    mut hear: impl FnMut(Environment, Heartbeat) + Send,
    stop: CancellationToken,
) -> Result<(), MembershipFailure> {
    let subscribed = async |subject: &str| {
        let heard = client.subscribe(format!("{subject}.*.*")).await;
        heard.map_err(|source| MembershipFailure::Subscribe { source })
    };
    let mut heard = select(subscribed(NODES).await?, subscribed(APPLIED).await?);
    loop {
        let message = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            message = heard.next() => message.ok_or(MembershipFailure::Closed)?,
        };
        // What is none of a gateway's is not for us.
        if let Some((environment, heartbeat)) = read(&message) {
            hear(environment, heartbeat);
        }
    }
}

fn read(message: &Message) -> Option<(Environment, Heartbeat)> {
    let environment = message.subject.rsplit('.').nth(1)?.parse().ok()?;
    Some((environment, serde_json::from_slice(&message.payload).ok()?))
}
