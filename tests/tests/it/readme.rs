//! The README's tour works as it is printed.

use std::process::Command;

use anyhow::{Context as _, Result};
use tollgate_tests::{Launch, TOKEN, repository_file};

/// The shell lines between the tour's marks.
fn tour() -> Result<String> {
    let readme = std::fs::read_to_string(repository_file("README.md")?)?;
    let (_, tour) = readme.split_once("<!-- tour: begin -->").context("the tour has a beginning")?;
    let (tour, _) = tour.split_once("<!-- tour: end -->").context("the tour has an end")?;
    let blocks = tour.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    Ok(blocks.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_works_as_printed() -> Result<()> {
    let product = Launch::new(TOKEN)?.start().await?;
    let script = tour()?
        .replace("http://127.0.0.1:8080", product.url("").trim_end_matches('/'))
        .replace("127.0.0.1:9090", &format!("127.0.0.1:{}", product.gateway_port()))
        .replace("choose-a-long-random-token-here", TOKEN);
    let run = tokio::task::spawn_blocking(move || {
        Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output()
    });
    let output = run.await??;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let lines: Vec<&str> = stdout.lines().collect();
    let statuses: Vec<&&str> = lines.iter().filter(|line| line.len() == 3).collect();
    assert_eq!(statuses, [&"200", &"200", &"200", &"200", &"200", &"429", &"401"], "{stdout}");
    for told in [
        "\"outcome\":\"rate_limited\"",
        "revoked",
        "window_start,window_end,client_id,route_id",
        "api_key.revoked",
    ] {
        assert!(stdout.replace(' ', "").contains(&told.replace(' ', "")), "{told}: {stdout}");
    }
    Ok(())
}
