//! The contracts under `schemas/` are what the code says, and a running server serves the same.

use anyhow::Result;
use serde_json::Value;
use tollgate_tests::{Launch, TOKEN, repository_file};

#[tokio::test]
async fn the_files_are_what_the_code_says() -> Result<()> {
    let product = Launch::new(TOKEN)?.start().await?;
    let schemas = repository_file("schemas")?;
    let checked = product.cli(&["schemas", "check", &schemas.to_string_lossy()]).await?;
    assert!(checked.status.success(), "{}", checked.stderr);

    let printed = product.cli(&["openapi"]).await?;
    let document: Value = serde_json::from_str(&printed.stdout)?;
    let served: Value = serde_json::from_str(&product.get("/openapi.json").await?.body)?;
    assert!(document == served, "`tollgate openapi` and /openapi.json differ");
    assert!(document["paths"]["/v1/verify"]["post"].is_object(), "the verify door is part of the API");
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            assert!(operation["x-tollgate-permission"].is_string(), "{method} {path} names no permission");
        }
    }
    Ok(())
}
