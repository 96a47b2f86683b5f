//! The `jf` command; see the library half of this crate.

use std::process::ExitCode;

/// Memory that one thread takes is given back by another all the time here: the allocator of the system waits for locks then.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    jf_cli::main()
}
