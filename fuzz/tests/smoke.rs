//! The targets of the coverage-guided fuzzer on stable: a small corpus, and bytes of a fixed seed.

use bpfsim_fuzz::{Random, targets};
use bpfsim_lab::scenario::builtin;
use rstest::rstest;

type Target = fn(&[u8]);

#[rstest]
#[case::entry(targets::entry, 400)]
#[case::btf(targets::btf, 400)]
#[case::program(targets::program, 400)]
#[case::case(targets::case, 200)]
#[case::scenario(targets::scenario, 100)]
fn bytes_of_chance(#[case] target: Target, #[case] rounds: u32) {
    let mut random = Random::new(18);
    target(&[]);
    for _ in 0..rounds {
        let len = random.within(1, 900) as usize;
        target(&random.bytes(len));
    }
}

const CASE: &str = "case one
  source live 6.18
  needs caps=none
  mem key = u32 1 hex 00ff zero 8
  prog p
    | r0 = 0
    | exit
  m = MAP_CREATE map_type=HASH key_size=4 value_size=8 max_entries=2
  MAP_LOOKUP_ELEM map_fd=m key=&key value=&key+4 -> ENOENT 4.0.., EINVAL
  expect key[0..4] = u32 1
  rows
    bad key=NULL -> EFAULT
";

/// Texts with a few bytes that are others, moved or missing.
#[rstest]
#[case::case(targets::case, CASE)]
#[case::scenario(targets::scenario, builtin::builtin("default").expect("it is built in"))]
fn spoiled_texts(#[case] target: Target, #[case] text: &str) {
    let mut random = Random::new(18);
    target(text.as_bytes());
    for _ in 0..400 {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..random.within(1, 4) {
            let at = random.below(bytes.len() as u32) as usize;
            match random.below(4) {
                0 => bytes[at] = random.word() as u8,
                1 => bytes.truncate(at.max(1)),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, random.pick(b"0-\"$[]=&\n# ")),
            }
            if bytes.is_empty() {
                break;
            }
        }
        target(&bytes);
    }
}
