//! Lines to words, and quoted text to bytes.

/// Words with blanks between them; blanks between quotes are no ends.
pub(super) fn words(line: &str) -> Result<Vec<&str>, String> {
    let mut found = split(line, ' ')?;
    found.retain(|word| !word.is_empty());
    Ok(found)
}

/// The parts of a line between `mark`s outside of quotes, without blanks around them.
pub(super) fn split(line: &str, mark: char) -> Result<Vec<&str>, String> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        let here = c == mark || mark == ' ' && c.is_whitespace();
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if here && !quoted => {
                parts.push(line[start..at].trim());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if quoted {
        return Err(format!("'{}': the closing quote is missing", line[start..].trim()));
    }
    parts.push(line[start..].trim());
    Ok(parts)
}

/// The bytes of `"text"`, with `\0`, `\n`, `\\`, `\"` and `\xff`.
pub(super) fn text(word: &str) -> Result<Vec<u8>, String> {
    let inner = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.ok_or_else(|| format!("{word} is no text in quotes"))?;
    let mut bytes = Vec::new();
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            let mut buffer = [0; 4];
            bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            continue;
        }
        let (byte, len) = match rest.as_bytes() {
            [b'0', ..] => (Some(0), 1),
            [b'n', ..] => (Some(b'\n'), 1),
            [b'"', ..] => (Some(b'"'), 1),
            [b'\\', ..] => (Some(b'\\'), 1),
            [b'x', ..] => (rest.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok()), 3),
            _ => (None, 0),
        };
        bytes.push(byte.ok_or_else(|| {
            format!("{word}: behind '\\' stands 0, n, \", \\ or x and two hex digits")
        })?);
        rest = &rest[len..];
    }
    Ok(bytes)
}

/// The bytes of hex digits.
pub(super) fn hex(word: &str) -> Result<Vec<u8>, String> {
    let bad = || format!("'{word}' is no hex: an even number of digits, as in 00ff");
    if !word.len().is_multiple_of(2) || !word.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad());
    }
    let digits = (0..word.len()).step_by(2).map(|at| &word[at..at + 2]);
    digits.map(|two| u8::from_str_radix(two, 16).map_err(|_| bad())).collect()
}
