#![no_main]

libfuzzer_sys::fuzz_target!(init: jf_fuzz_targets::write_seeds("json_path"), |data: &[u8]| jf_fuzz_targets::run("json_path", data));
