#![no_main]

libfuzzer_sys::fuzz_target!(init: jf_fuzz_targets::write_seeds("load_json"), |data: &[u8]| jf_fuzz_targets::run("load_json", data));
