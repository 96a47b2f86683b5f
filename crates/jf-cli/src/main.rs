//! The `jf` command; see the library half of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    jf_cli::main()
}
