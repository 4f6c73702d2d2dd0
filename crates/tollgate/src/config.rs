//! `tollgate config`: the settings in force, secrets masked.

use anyhow::Context;

use crate::settings::{self, ServeFlags};

pub(crate) fn print(flags: ServeFlags) -> anyhow::Result<()> {
    let settings = settings::load(flags)?;
    print!("{}", toml::to_string(&settings).context("the settings cannot be shown")?);
    Ok(())
}
