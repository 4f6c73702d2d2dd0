//! The network between a role and the database fails: commands are refused in time, nothing is half done, and whoever was cut
//! off comes back by itself.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tollgate_tests::{Answer, Cluster, Role, Wire, until};

use super::{cluster::registration, faults::all_is_whole};

const SOON: Duration = Duration::from_secs(60);
/// What a statement may take, and a little more.
const REFUSED_WITHIN: Duration = Duration::from_secs(15);

/// An instance whose database is at the end of a wire.
async fn add_over(cluster: &mut Cluster, wire: &Wire, role: Role, name: &str) -> Result<()> {
    let (here, there) = (format!(":{}/", cluster.postgres.port()), format!(":{}/", wire.port()));
    let url = cluster.database_url().replace(&here, &there);
    let launch = cluster.launch(role, name)?.env("TOLLGATE_DATABASE_URL", url);
    cluster.add_launched(name, launch).await
}

/// Given under its own name as key, so that giving it again is the same command.
async fn register(cluster: &Cluster, api: &str, name: &str) -> Result<Answer> {
    let admin = cluster.admin(api)?.with("idempotency-key", &name.replace(' ', "-"))?;
    admin.post("/clients", &registration(name)).await
}

async fn taken(cluster: &Cluster, api: &str, name: &str) -> Result<()> {
    until(&format!("`{name}` to be taken by {api}"), SOON, async || {
        let answer = register(cluster, api, name).await?;
        ensure!([201, 202].contains(&answer.status), "answered {} {}", answer.status, answer.body);
        Ok(Some(()))
    })
    .await
}

async fn refused(cluster: &Cluster, api: &str, name: &str) -> Result<()> {
    let answer = tokio::time::timeout(REFUSED_WITHIN, register(cluster, api, name)).await;
    let answer = answer.with_context(|| format!("`{name}` got no answer"))??;
    assert_eq!((answer.status, answer.json["code"].as_str()), (503, Some("unavailable")), "{}", answer.body);
    assert!(answer.header("retry-after").is_some(), "{:?}", answer.headers);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_between_a_role_and_the_database_loses_nothing_and_is_healed_without_a_restart() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let wire = Wire::to(cluster.postgres.port())?;
    for (role, name) in
        [(Role::Api, "api-2"), (Role::Sequencer, "sequencer-1"), (Role::Projections, "projections-1")]
    {
        add_over(&mut cluster, &wire, role, name).await?;
    }
    cluster.add(Role::Api, "api-1").await?;
    for name in ["gateway-1", "gateway-2"] {
        cluster.add(Role::Gateway, name).await?;
    }
    let mut acknowledged = BTreeSet::new();
    for round in 0..3 {
        let names = ["before", "meanwhile", "refused", "after"].map(|what| format!("{what} {round}"));
        let [before, meanwhile, not_taken, after] = &names;
        taken(&cluster, "api-2", before).await?;
        if round == 1 {
            wire.silence()
        } else {
            wire.cut()
        }
        if round != 1 {
            let read = cluster.admin("api-2")?.get("/clients").await?;
            assert_eq!(
                (read.status, read.json["code"].as_str()),
                (503, Some("unavailable")),
                "{}",
                read.body
            );
        }
        // Without a sequencer and projections it is on record, and answered so.
        let (there, here) =
            tokio::join!(refused(&cluster, "api-2", not_taken), taken(&cluster, "api-1", meanwhile));
        there.and(here)?;
        let found = format!("select count(*) from tollgate.events where payload ->> 'name' = '{not_taken}'");
        assert_eq!(cluster.sql(&found)?, "0", "half done");
        wire.heal();
        taken(&cluster, "api-2", not_taken).await?;
        taken(&cluster, "api-2", after).await?;
        acknowledged.extend(names);
    }
    all_is_whole(&cluster, &acknowledged).await
}
