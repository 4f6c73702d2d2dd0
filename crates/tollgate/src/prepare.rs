//! What is done once before instances are started: `tollgate migrate` and `tollgate secrets init`.

use eventlog::{
    installation,
    postgres::{self, PostgresSettings},
};

use crate::cli::{MigrateFlags, SecretsCommand};

pub(crate) async fn migrate(flags: MigrateFlags) -> anyhow::Result<()> {
    let MigrateFlags { database_url, application_role, allow_plaintext } = flags;
    let settings = PostgresSettings { allow_plaintext, ..PostgresSettings::new(database_url) };
    postgres::migrate(&settings, application_role.as_deref()).await?;
    let read_models = postgres::pool_for(&settings, postgres::READ_MODELS).await?;
    projections::migrate_postgres(&read_models, application_role.as_deref()).await?;
    read_models.close().await;
    println!("The database is prepared.");
    Ok(())
}

pub(crate) fn secrets(command: &SecretsCommand) -> anyhow::Result<()> {
    let SecretsCommand::Init { dir } = command;
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
