#![no_main]

libfuzzer_sys::fuzz_target!(init: jf_fuzz_targets::write_seeds("frame"), |data: &[u8]| jf_fuzz_targets::run("frame", data));
