//! The conversions of `bpf_trace_printk()`.

use std::fmt::Write as _;

/// The text with its conversions replaced: `%d %i %u %x %c %p`, with `l` and `ll`. Strings are not
/// modelled and print as `%s`.
pub fn format(text: &[u8], args: &[u64]) -> String {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    let mut rest = &text[..end];
    let mut args = args.iter().copied();
    let mut out = String::new();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            out.push(byte.into());
            continue;
        }
        let long = rest.iter().take_while(|byte| **byte == b'l').count();
        let Some((&kind, after)) = rest[long..].split_first() else { break };
        rest = after;
        convert(&mut out, kind, long, &mut args);
    }
    out
}

fn convert(out: &mut String, kind: u8, long: usize, args: &mut dyn Iterator<Item = u64>) {
    if kind == b'%' {
        out.push('%');
        return;
    }
    let value = args.next().unwrap_or(0);
    let narrow = if long == 0 { u64::from(value as u32) } else { value };
    let signed = if long == 0 { i64::from(value as u32 as i32) } else { value as i64 };
    let written = match kind {
        b'd' | b'i' => write!(out, "{signed}"),
        b'u' => write!(out, "{narrow}"),
        b'x' => write!(out, "{narrow:x}"),
        b'p' => write!(out, "{value:016x}"),
        b'c' => write!(out, "{}", char::from(value as u8)),
        other => write!(out, "%{}", char::from(other)),
    };
    debug_assert!(written.is_ok(), "a string takes every text");
}

#[cfg(test)]
mod tests {
    #[test]
    fn widths_and_signs() {
        let text = super::format(b"%d %u %llx%%\0junk", &[u64::MAX, 7, 1 << 40]);
        assert_eq!(text, "-1 7 10000000000%");
    }
}
