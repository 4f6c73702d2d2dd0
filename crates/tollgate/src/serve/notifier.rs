//! The role `notifier`: what concerns people and programs is told them, by e-mail and webhooks.

use std::{pin::Pin, sync::Arc, time::Duration};

use anyhow::Context;
use api::PartReadiness;
use domain::{Timestamp, notification_rule::RuleSpec, personal::PersonalValues};
use eventlog::EventLog;
use jiff::tz::TimeZone;
use notifier::{Notifier, Parts, Settings as Pace, Status, mail::Smtp, templates::Templates};
use outbound::{Client, SystemLookup};
use projections::{ReadModel, Visibility};
use tokio::sync::watch;

use super::rooms::{Rooms, Store};
use crate::{runtime::Tasks, settings::Settings};

/// A webhook's receiver has so long to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(15);
/// A letter takes a moment longer than its time to say goodbye.
const AT_MOST_BESIDE: Duration = Duration::from_secs(10);

/// How it is.
pub(super) struct Watched {
    status: watch::Receiver<Status>,
    sends_mail: bool,
}

/// Starts it; answers how it is.
pub(super) fn start(
    settings: &Settings,
    rooms: &Rooms,
    store: &Store,
    visibility: &Visibility,
    tasks: &mut Tasks,
) -> anyhow::Result<Watched> {
    let parts = parts(settings, rooms, store, visibility)?;
    let sends_mail = parts.mail.is_some();
    if !sends_mail {
        tracing::warn!("No mail server is set: letters wait until one is (`--mail-host`)");
    }
    let notifier = Notifier::new(parts)?;
    let (status, stop) = (notifier.watch(), tasks.stop_token());
    tasks.spawn("notifier", async move {
        notifier.run(stop).await;
        Ok(())
    });
    Ok(Watched { status, sends_mail })
}

fn parts(
    settings: &Settings,
    rooms: &Rooms,
    store: &Store,
    visibility: &Visibility,
) -> anyhow::Result<Parts> {
    let web = outbound::Settings { answer_within: ANSWERED_WITHIN, ..outbound::Settings::default() };
    let web = Client::new(settings.webhooks.policy(), web, SystemLookup::default())
        .context("preparing to call webhooks")?;
    let mail = settings.mail.smtp().map(|smtp| Smtp::new(&smtp)).transpose().context("the mail server")?;
    let templates = Templates::new(settings.mail.templates.as_deref()).context("the templates of letters")?;
    let letter = Duration::from_secs(settings.mail.timeout_seconds.into());
    let attempt_max = letter.max(ANSWERED_WITHIN).saturating_add(AT_MOST_BESIDE);
    // Of a process that is killed, deliveries under way are tried again once their lease has ended.
    let pace = Pace { attempt_max, lease: attempt_max.saturating_add(AT_MOST_BESIDE), ..Pace::default() };
    Ok(Parts {
        log: store.log.clone(),
        read: store.read.clone(),
        visibility: visibility.clone(),
        outbox: store.outbox.clone(),
        clock: Arc::clone(&rooms.clock),
        peppers: rooms.peppers.clone(),
        web,
        mail: mail.map(Arc::new),
        templates: Arc::new(templates),
        public_url: settings.public_url().parse().context("public_url")?,
        zone: TimeZone::UTC,
        settings: pace,
    })
}

/// What rules would have told, for whoever asks the API.
pub(super) struct Previewing {
    pub(super) log: EventLog,
    pub(super) read: ReadModel,
}

impl api::Previews for Previewing {
    fn preview<'a>(
        &'a self,
        spec: &'a RuleSpec,
        addresses: PersonalValues,
        until: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<api::Preview, api::PreviewsAway>> + Send + 'a>> {
        Box::pin(async move {
            let away = |failure: Box<dyn std::error::Error + Send + Sync>| api::PreviewsAway(failure);
            let found = notifier::preview(&self.log, &self.read, spec, addresses, until).await;
            let notifier::Preview { from, until, notices_total, notices, cut, quotas_from, left_out } =
                found.map_err(|failure| away(failure.into()))?;
            let shown = |one: notifier::Previewed| {
                let notifier::Previewed { at, title, addresses, webhooks, notice } = one;
                serde_json::to_value(notice).map(|data| api::Previewed {
                    at,
                    title,
                    addresses,
                    webhooks,
                    data,
                })
            };
            let notices = notices.into_iter().map(shown).collect::<Result<_, _>>();
            let notices = notices.map_err(|failure| away(failure.into()))?;
            Ok(api::Preview { from, until, notices_total, notices, cut, quotas_from, left_out })
        })
    }

    fn sample(&self, made_up: api::MadeUp) -> Result<serde_json::Value, api::PreviewsAway> {
        let api::MadeUp { notice, message_id, at } = made_up;
        notifier::sample_message(notice, message_id, at).map_err(|failure| api::PreviewsAway(failure.into()))
    }
}

impl Watched {
    /// Whatever it is, the process serves: what cannot be told now waits.
    pub(super) fn readiness(&self) -> PartReadiness {
        let does = match *self.status.borrow() {
            Status::StandingBy => "standing by, delivering",
            Status::Leading => "leading",
        };
        let mail = if self.sends_mail { "" } else { "; no mail server is set, letters wait" };
        PartReadiness { ready: true, detail: format!("{does}{mail}") }
    }
}
