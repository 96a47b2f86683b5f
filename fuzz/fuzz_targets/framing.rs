#![no_main]

libfuzzer_sys::fuzz_target!(init: jf_fuzz_targets::write_seeds("framing"), |data: &[u8]| jf_fuzz_targets::run("framing", data));
