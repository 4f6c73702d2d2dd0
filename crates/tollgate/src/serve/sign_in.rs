//! Sign-in as it is set: the providers, what claims give, where browsers reach us.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use api::sign_in::{Given, Issuer, People, SignIn};
use domain::secret::Peppers;
use projections::ReadModel;
use sign_in::{
    BudgetSettings, CodeFlow, FlowSettings, Origin, Provider, ProviderSettings, Rule, SessionLimits, Web,
    WebSettings,
};
use tokio_util::sync::CancellationToken;

use crate::settings::{self, Machine, RoleRule, Settings};

/// Where providers send browsers back to; registered with them.
const CALLBACK: &str = "/v1/session/callback";
const SWEPT_EVERY: Duration = Duration::from_secs(300);

pub(super) fn open(settings: &Settings, read: &ReadModel, peppers: &Peppers) -> anyhow::Result<SignIn> {
    let settings::SignIn {
        idle_minutes, hours, failures, failures_refill_seconds, ca, people, machines, ..
    } = &settings.sign_in;
    let public_url = settings.public_url();
    let origin = Origin::of(&public_url).context("the public URL has no origin")?;
    let limits = SessionLimits {
        idle: Duration::from_secs(60 * u64::from(*idle_minutes)),
        whole: Duration::from_secs(3_600 * u64::from(*hours)),
    };
    let budget = BudgetSettings {
        failures: *failures,
        refill: Duration::from_secs((*failures_refill_seconds).into()),
        ..BudgetSettings::default()
    };
    let authorities_pem = ca.as_ref().map(|file| {
        std::fs::read(file)
            .with_context(|| format!("cannot read certificate authorities in {}", file.display()))
    });
    let policy = settings.webhooks.policy();
    let web = Web::new(&WebSettings {
        authorities_pem: authorities_pem.transpose()?,
        policy: policy.clone(),
        ..WebSettings::default()
    })?;
    let provider = |issuer: &str, algorithms: &[sign_in::Algorithm]| -> anyhow::Result<Arc<Provider>> {
        // One that could not be asked shows now, as far as its address does not hang on a name.
        policy.read(issuer).with_context(|| {
            format!("the identity provider {issuer} is not to be called: see webhooks.allow and webhooks.allow_http")
        })?;
        let settings = ProviderSettings { issuer: issuer.to_owned(), algorithms: algorithms.to_vec() };
        let provider = Provider::new(settings, web.clone());
        Ok(Arc::new(provider.with_context(|| format!("the identity provider {issuer} is not right"))?))
    };
    let people = people.as_ref().map(|people| -> anyhow::Result<People> {
        let flow = FlowSettings {
            client_id: people.client_id.clone(),
            client_secret: people.client_secret.clone(),
            redirect_uri: format!("{}{CALLBACK}", origin.as_str()),
            scopes: people.scopes.clone(),
        };
        let provider = provider(&people.issuer, &people.algorithms)?;
        let flow = CodeFlow::new(provider, flow, api::sign_in::sealing_key(peppers));
        Ok(People { flow, rules: rules(&people.roles), admit_unknown: people.admit_unknown })
    });
    let machines = machines.iter().map(|Machine { issuer, audience, algorithms, roles }| {
        let (audience, rules) = (audience.clone(), rules(roles));
        Ok(Issuer { provider: provider(issuer, algorithms)?, audience, rules })
    });
    let machines = machines.collect::<anyhow::Result<Vec<_>>>()?;
    let people = people.transpose()?;
    Ok(SignIn::new(read.clone(), origin.clone(), limits, budget).with_people(people).with_machines(machines))
}

fn rules(roles: &[RoleRule]) -> Vec<Rule<Given>> {
    let rule = |RoleRule { claim, value, role, scope }: &RoleRule| Rule {
        claim: claim.clone(),
        value: value.clone(),
        gives: Given { role: *role, scope: scope.clone() },
    };
    roles.iter().map(rule).collect()
}

/// Drops sessions that have ended by themselves, now and then.
pub(super) async fn sweep(api: Arc<api::Api>, stop: CancellationToken) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(SWEPT_EVERY) => api.sign_in.sweep(api.clock.now()).await,
        }
    }
}
