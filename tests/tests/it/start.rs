//! What keeps the product from starting is told in one sentence, with a failing exit code.

use std::{fs, net::TcpListener, time::Duration};

use anyhow::Result;
use tollgate_tests::{Launch, TOKEN};

const AT_MOST: Duration = Duration::from_secs(20);

async fn check(launch: Launch, told: &str) -> Result<()> {
    let exit = launch.refuses_to_start(AT_MOST).await?;
    assert!(!exit.status.success());
    let message = exit.stderr.lines().rfind(|line| line.starts_with("tollgate: ")).unwrap_or_default();
    assert!(message.contains(told), "expected `{told}` in: {}", exit.stderr);
    Ok(())
}

#[tokio::test]
async fn a_second_process_on_the_same_directory_is_refused() -> Result<()> {
    let first = Launch::new(TOKEN)?.start().await?;
    check(Launch::new(TOKEN)?.data_dir(first.data_dir()), "another Tollgate process uses the data directory")
        .await
}

#[tokio::test]
async fn a_port_in_use_is_named() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    check(Launch::new(TOKEN)?.arg("--http").arg(&address), &format!("cannot listen on {address}")).await
}

#[tokio::test]
async fn a_damaged_database_is_told_with_what_to_do() -> Result<()> {
    let launch = Launch::new(TOKEN)?;
    let dir = launch.directory().join("damaged");
    fs::create_dir(&dir)?;
    let mut product = Launch::new(TOKEN)?.data_dir(&dir).start().await?;
    product.terminate().await?;
    for extra in ["events.db-wal", "events.db-shm"] {
        drop(fs::remove_file(dir.join(extra)));
    }
    fs::write(dir.join("events.db"), "this is not a database any more, only a text")?;
    check(launch.data_dir(&dir), "is damaged").await
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_told() -> Result<()> {
    let launch = Launch::new(TOKEN)?;
    let file = launch.directory().join("a-file");
    fs::write(&file, "")?;
    check(launch.data_dir(file.join("data")), "cannot use the data directory").await
}

#[tokio::test]
async fn an_unknown_setting_is_named() -> Result<()> {
    let launch = Launch::new(TOKEN)?;
    let file = launch.directory().join("other.toml");
    fs::write(&file, "htpp = \"127.0.0.1:1\"\n")?;
    check(launch.arg("--config").arg(file), "htpp").await
}

#[tokio::test]
async fn a_public_address_without_tls_has_to_be_meant() -> Result<()> {
    check(Launch::new(TOKEN)?.arg("--gateway").arg("0.0.0.0:0"), "--allow-plaintext").await
}

#[tokio::test]
async fn a_guessable_admin_token_is_refused() -> Result<()> {
    check(Launch::new("admin")?, "an admin token must be 16 to 256 visible ASCII characters").await
}
