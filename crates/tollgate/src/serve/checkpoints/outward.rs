//! Checkpoints to other machines: a webhook, and an object store that takes PUT.

use std::time::Duration;

use anyhow::{Context, ensure};
use eventlog::checkpoint::SignedCheckpoint;
use metrics::{counter, gauge};
use reqwest::{Client, Method, header, redirect};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{runtime::Tasks, serve::health::measure, settings::Checkpoints};

const ANSWER_AT_MOST: Duration = Duration::from_secs(10);
const RETRY_AFTER: Duration = Duration::from_secs(1);
const RETRY_AFTER_AT_MOST: Duration = Duration::from_secs(60);

/// Somewhere that checkpoints are sent to, the newest as soon as it can be.
struct Target {
    /// For people and metrics.
    name: &'static str,
    url: String,
    objects: bool,
    token: Option<SecretString>,
    client: Client,
}

/// Starts a task for each that is set.
pub(super) fn start(
    settings: &Checkpoints,
    news: &watch::Sender<Option<SignedCheckpoint>>,
    tasks: &mut Tasks,
) -> anyhow::Result<()> {
    let Checkpoints { webhook, objects, token, .. } = settings;
    for (name, url, objects) in [("webhook", webhook, false), ("objects", objects, true)] {
        let Some(url) = url else { continue };
        // A redirect or a proxy would carry the token to somebody whom nobody has named.
        let client = Client::builder().timeout(ANSWER_AT_MOST).redirect(redirect::Policy::none()).no_proxy();
        let client = client.build().context("cannot prepare the publishing of checkpoints")?;
        let url = url.trim_end_matches('/').to_owned();
        let target = Target { name, url, objects, token: token.clone(), client };
        tasks.spawn_keeper("checkpoint publisher", target.run(news.subscribe(), tasks.keepers_stop_token()));
    }
    Ok(())
}

impl Target {
    /// Between two that could not be sent, only the newer is of interest: it says all that the older did.
    async fn run(
        self,
        mut news: watch::Receiver<Option<SignedCheckpoint>>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut pause: Option<Duration> = None;
        loop {
            let checkpoint = news.borrow_and_update().clone();
            if let Some(checkpoint) = checkpoint {
                pause = self.publish(&checkpoint, pause).await;
            }
            let again = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                changed = news.changed() => if changed.is_err() { return Ok(()) },
                () = again => {}
            }
        }
    }

    /// Answers after how long to try again, if it did not go.
    async fn publish(&self, checkpoint: &SignedCheckpoint, failing: Option<Duration>) -> Option<Duration> {
        let name = self.name;
        match self.send(checkpoint).await {
            Ok(()) => {
                gauge!("tollgate_checkpoint_published_size", "to" => name)
                    .set(measure(checkpoint.size.get()));
                if failing.is_some() {
                    info!("Checkpoints are published by the {name} again");
                }
                None
            }
            Err(failure) => {
                counter!("tollgate_checkpoint_publish_failures_total", "to" => name).increment(1);
                if failing.is_none() {
                    warn!("A checkpoint could not be published by the {name}; trying on: {failure:#}");
                }
                Some(failing.map_or(RETRY_AFTER, |pause| pause.saturating_mul(2).min(RETRY_AFTER_AT_MOST)))
            }
        }
    }

    async fn send(&self, checkpoint: &SignedCheckpoint) -> anyhow::Result<()> {
        if !self.objects {
            return self.call(Method::POST, &self.url, checkpoint).await;
        }
        let size = checkpoint.size;
        self.call(Method::PUT, &format!("{}/checkpoints/{size}", self.url), checkpoint).await?;
        self.call(Method::PUT, &format!("{}/checkpoint", self.url), checkpoint).await
    }

    async fn call(&self, method: Method, url: &str, checkpoint: &SignedCheckpoint) -> anyhow::Result<()> {
        let mut request = self.client.request(method, url);
        request = request.header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = request.body(checkpoint.note.to_string()).send().await.context("sending it")?;
        ensure!(answer.status().is_success(), "it was answered {}", answer.status());
        Ok(())
    }
}
