//! What is refused, where, and in which words.

use super::names;
use crate::asm::assemble;
use rstest::rstest;

#[rstest]
#[case::unknown_helper(
    "call map_lookup_elm",
    (1, 6),
    "there is no helper and no label `map_lookup_elm`; did you mean `map_lookup_elem`?"
)]
#[case::unknown_map("r1 = stat ll", (1, 6), "there is no map `stat`; did you mean `stats`?")]
#[case::map_without_ll("r1 = stats", (1, 6), "a map needs `ll`: write `r1 = stats ll`")]
#[case::unknown_label(
    "goto oat\nout: exit",
    (1, 6),
    "there is no label `oat`; did you mean `out`?"
)]
#[case::duplicate_label("a: exit\na: exit", (2, 1), "label `a` is already defined in line 1")]
#[case::out_of_range(
    "goto +1\nexit",
    (1, 6),
    "the jump to +1 leaves the program of 2 instructions; `.quad` states such an encoding"
)]
#[case::out_of_range_backwards(
    "exit\n if r1 == 0 goto -3",
    (2, 18),
    "the jump to -3 leaves the program of 2 instructions; `.quad` states such an encoding"
)]
#[case::label_at_the_end(
    "goto end\nend:",
    (1, 6),
    "the jump to `end` leaves the program of 1 instructions; `.quad` states such an encoding"
)]
#[case::bad_register("r1 = r11", (1, 6), "`r11` is no register, expected r0 to r10")]
#[case::bad_half("w12 = 1", (1, 1), "`w12` is no register, expected w0 to w10")]
#[case::leading_zero("r01 = 1", (1, 1), "`r01` is no register, expected r0 to r10")]
#[case::mixed_widths("r1 = w2", (1, 6), "found `w2`, expected `r2`: both sides have one width")]
#[case::unknown_word("exti", (1, 1), "found `exti`, expected an instruction; did you mean `exit`?")]
#[case::missing_operand(
    "r1 +=",
    (1, 6),
    "found the end of the line, expected a register or a number"
)]
#[case::left_over("exit 1", (1, 6), "found `1`, expected the end of the statement")]
#[case::too_wide(
    "r1 = 0xffffffff",
    (1, 6),
    "4294967295 does not fit 32 signed bits: -2147483648 to 2147483647; \
     `ll` behind a move makes it 64 bits"
)]
#[case::far_displacement(
    "r1 = *(u8 *)(r2 + 32768)",
    (1, 17),
    "displacement 32768 does not fit 16 signed bits: -32768 to 32767"
)]
#[case::bad_type(
    "r1 = *(int *)(r2 + 0)",
    (1, 8),
    "found `int`, expected a type: u8 u16 u32 u64 s8 s16 s32"
)]
#[case::no_comparison(
    "if r1 = 0 goto +0",
    (1, 7),
    "found no comparison after the register, expected one of == != > >= < <= s> s>= s< s<= &"
)]
#[case::octal("r1 = 017", (1, 6), "`017` could be octal: write it in decimal or with 0x")]
#[case::bad_number(
    "r1 = 1x",
    (1, 6),
    "`1x` is no number: expected decimal digits, or 0x and hex digits"
)]
#[case::foreign_character("r1 = €", (1, 6), "`\\u{20ac}` has no meaning here")]
#[case::byte_atomic(
    "lock *(u8 *)(r1 + 0) += r2",
    (1, 7),
    "atomic operations take four or eight bytes: u32 or u64"
)]
#[case::other_fetch_register(
    "r3 = atomic_fetch_add((u64 *)(r1 + 0), r2)",
    (1, 40),
    "the old value lands in the operand: expected r2 on the left"
)]
#[case::not_atomic("lock r1 = 1", (1, 6), "this instruction is not atomic: remove `lock`")]
#[case::swap_of_another(
    "r1 = be16 r2",
    (1, 11),
    "expected `r1` again: this operation works in place"
)]
#[case::packet_to_r1(
    "r1 = *(u8 *)skb[0]",
    (1, 7),
    "packet bytes go to r0: expected `r0` on the left"
)]
#[case::half_of_eight(
    "w1 = *(u64 *)(r2 + 0)",
    (1, 7),
    "this fills 64 bits: expected `r1` on the left, not `w1`"
)]
fn refused(#[case] text: &str, #[case] place: (u32, u32), #[case] message: &str) {
    let error = assemble(text, &names()).expect_err("must be refused");
    assert_eq!(((error.line, error.column), error.message.as_str()), (place, message));
}

#[test]
fn a_label_may_be_too_far() {
    let mut text = "if r1 == 0 goto out\n".to_owned();
    text.push_str(&"r1 = 0\n".repeat(32_768));
    text.push_str("out: exit\n");
    let error = assemble(&text, &names()).expect_err("32768 does not fit 16 bits");
    let message = "the jump to `out` goes +32768 instructions: more than 16 bits reach";
    assert_eq!(error.message, message);
    assert!(assemble(&text.replace("if r1 == 0 goto", "gotol"), &names()).is_ok());
}

/// Any text gives a program or an error, never a panic.
#[test]
fn garbage_is_an_error() {
    let pieces = [
        "r1",
        "w2",
        "r0",
        " = ",
        "+=",
        "*",
        "(u64 *)",
        "(r10 - 4)",
        "skb[",
        "]",
        "ll",
        "stats",
        "goto",
        "if",
        "==",
        "-",
        "9223372036854775808",
        "0x",
        "call",
        ":",
        "\n",
        "lock",
        "s>",
        "é",
        "atomic_fetch_add((u32 *)(r1 + 0), ",
        "load_acquire(",
        "#",
        ".quad",
        "pseudo(",
        ",",
        ")",
    ];
    let mut random = super::round_trip::Random(7);
    for _ in 0..20_000 {
        let text: String = (0..random.below(12))
            .map(|_| pieces[random.below(pieces.len() as u64) as usize])
            .collect();
        if let Err(error) = assemble(&text, &names()) {
            assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty(), "{text}");
        }
    }
}
