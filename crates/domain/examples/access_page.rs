//! Writes `docs/access.md` anew: `cargo run -p tollgate-domain --example access_page > docs/access.md`.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(tollgate_domain::access::page().as_bytes())
}
