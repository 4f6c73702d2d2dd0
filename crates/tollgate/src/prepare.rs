//! What is done once before instances are started: `tollgate migrate` and `tollgate secrets init`.

use std::path::Path;

use eventlog::{
    installation,
    postgres::{self, PostgresSettings},
};

use crate::cli::{MigrateFlags, SecretsCommand};

pub(crate) async fn migrate(flags: MigrateFlags) -> anyhow::Result<()> {
    let MigrateFlags { database_url, application_role, auditor_role, allow_plaintext } = flags;
    let settings = PostgresSettings { allow_plaintext, ..PostgresSettings::new(database_url) };
    postgres::migrate(&settings, application_role.as_deref()).await?;
    let read_models = postgres::pool_for(&settings, postgres::READ_MODELS).await?;
    projections::migrate_postgres(&read_models, application_role.as_deref()).await?;
    if let Some(role) = auditor_role {
        projections::grant_auditor(&read_models, &role).await?;
    }
    read_models.close().await;
    let told = postgres::pool_for(&settings, postgres::OUTBOX).await?;
    outbox::migrate_postgres(&told, application_role.as_deref()).await?;
    told.close().await;
    println!("The database is prepared.");
    Ok(())
}

pub(crate) fn secrets(command: &SecretsCommand) -> anyhow::Result<()> {
    match command {
        SecretsCommand::Init { dir } => make(dir),
        SecretsCommand::RotateSigning { dir } => {
            installation::rotate_signing(dir)?;
            println!("Made another signing.key; the one before is signing.previous.key.");
            println!("Start whoever signs again: both sign until `tollgate secrets retire-signing` is run.");
            Ok(())
        }
        SecretsCommand::RetireSigning { dir } => {
            if installation::retire_signing(dir)? {
                println!(
                    "Removed signing.previous.key: it signs no more once whoever signs is started again."
                );
            } else {
                println!("There is no signing.previous.key; nothing was changed.");
            }
            Ok(())
        }
    }
}

fn make(dir: &Path) -> anyhow::Result<()> {
    let made = installation::make_secrets(dir)?;
    for file in &made {
        println!("Made {}.", file.display());
    }
    if made.is_empty() {
        println!("All secrets are there already; nothing was changed.");
    } else {
        println!(
            "Give these files to every instance, and keep a copy: without the pepper no issued key works."
        );
    }
    Ok(())
}
