//! Texts as JSON writes them. Long ones are looked at a block at a time: `serde_json` takes each byte by itself.

/// So many bytes the compiler compares at once.
const BLOCK: usize = 32;

/// Writes a text with its quotation marks and escapes, those that `serde_json` writes.
pub(crate) fn push_text(json: &mut Vec<u8>, text: &str) {
    json.reserve(text.len() + 2);
    json.push(b'"');
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = push_plain(json, rest).split_first() {
        push_escaped(json, *byte);
        rest = behind;
    }
    json.push(b'"');
}

/// Copies what needs no escape at the beginning; gives what follows.
fn push_plain<'a>(json: &mut Vec<u8>, text: &'a [u8]) -> &'a [u8] {
    let are_plain =
        |block: &[u8; BLOCK]| block.iter().fold(true, |all, byte| all & is_plain(*byte));
    let blocks = text.as_chunks().0.iter().take_while(|block| are_plain(block));
    let mut copied = 0;
    for block in blocks {
        json.extend_from_slice(block);
        copied += BLOCK;
    }
    let rest = &text[copied..];
    let (plain, behind) = rest.split_at(rest.iter().take_while(|byte| is_plain(**byte)).count());
    json.extend_from_slice(plain);
    behind
}

fn is_plain(byte: u8) -> bool {
    (byte >= b' ') & (byte != b'"') & (byte != b'\\')
}

fn push_escaped(json: &mut Vec<u8>, byte: u8) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digit = |it: u8| b"0123456789abcdef"[usize::from(it)];
            json.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
            return;
        }
    };
    json.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut json = Vec::new();
        push_text(&mut json, text);
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn each_character_is_written_as_serde_json_does_wherever_it_stands() {
        let characters = (0..0x180).chain([0x2028, 0xfffd, 0x1f600]).filter_map(char::from_u32);
        for character in characters {
            for before in [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 7] {
                let text = format!("{}{character}{character}end", "é".repeat(before / 2));
                assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
            }
        }
        for text in ["", "\"", &"\n".repeat(100), &"a\n".repeat(100), &"x".repeat(1000)] {
            assert_eq!(written(text), serde_json::to_string(text).unwrap());
        }
    }
}
