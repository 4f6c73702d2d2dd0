//! Who gives a command at the machine itself, where no token is asked for.

use anyhow::{Context as _, ensure};
use clap::Args;

const OPERATOR_BYTES_MAX: usize = 64;

/// Who gives the command. Nothing proves the name: what is proven is access to the store, and the audit log says so.
#[derive(Args, Debug)]
pub(crate) struct Who {
    /// Who you are, for the audit log; your login name without it
    #[arg(long, env = "USER", value_name = "NAME")]
    operator: Option<String>,
    #[arg(long, env = "LOGNAME", hide = true)]
    login_name: Option<String>,
}

impl Who {
    pub(super) fn actor(&self) -> anyhow::Result<String> {
        let given = [&self.operator, &self.login_name].into_iter().flatten().find(|name| !name.is_empty());
        let name = given.context("say who you are, for the audit log: --operator NAME")?;
        ensure!(
            name.len() <= OPERATOR_BYTES_MAX && name.bytes().all(|byte| byte.is_ascii_graphic()),
            "the operator's name must be 1 to {OPERATOR_BYTES_MAX} visible ASCII characters"
        );
        Ok(format!("operator:{name}"))
    }
}
