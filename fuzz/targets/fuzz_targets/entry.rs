#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bpfsim_fuzz::targets::entry(data));
