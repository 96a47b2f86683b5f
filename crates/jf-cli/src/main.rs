//! The `jf` command; see the library half of this crate.

use std::process::ExitCode;

/// Small, short-lived allocations from many threads are what the server does all day.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    jf_cli::main()
}
