//! Bodies that went wrong, the same ones for the same seed.

/// Random enough, and the same everywhere: SplitMix64.
pub struct Random(u64);

impl Random {
    /// The numbers of one round: any round can be run again by itself.
    pub fn of_round(seed: u64, round: u64) -> Random {
        let mut random = Random(seed ^ round.wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, but without, `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    pub fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// What is put into bodies: pieces of JSON, whole and broken, and names that are read.
const PIECES: [&str; 62] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "{}",
    "[]",
    "null",
    "true",
    "false",
    "0",
    "-1",
    "-",
    "1e",
    "1.5",
    "1e999999",
    "-0.0E-0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "340282366920938463463374607431768211456",
    "\"\"",
    "\"x\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\udc00x\"",
    "\"\\ud83d\\ude00\"",
    "\\u",
    "\\ud800",
    "\"é世🎈\"",
    " \t\r\n",
    "\u{feff}",
    "[0,0,0,0]",
    "[{},{},[{}]]",
    "{\"a\":{\"a\":{}}}",
    "\"body\":",
    "\"changes\":[",
    "\"changes\":[{}],",
    "\"type\":\"x\",",
    "\"type\":\"ContentEvent\",",
    "\"type\":\"ChatStateEvent\",",
    "\"type\":\"AcceptStatusEvent\",",
    "\"type\":\"RichContentEvent\",",
    "\"type\":\"ms.MessagingEventNotification\",",
    "\"type\":\"cqm.ExConversationChangeNotification\",",
    "\"contentType\":\"hosted/file\",",
    "\"contentType\":\"text/plain\",",
    "\"message\":{\"relativePath\":1,\"caption\":[]},",
    "\"quickReplies\":null,",
    "\"chatState\":\"COMPOSING\",",
    "\"sequenceList\":[1,-1,\"1\",1e3],",
    "\"sequence\":1,",
    "\"event\":{\"type\":\"AcceptStatusEvent\",\"sequenceList\":[0]},",
    "\"result\":{\"conversationDetails\":{\"dialogs\":[{},0]}},",
    "\"conversationDetails\":{},",
    "\"participants\":[{\"id\":1},0],",
    "\"dialogs\":[{\"participantsDetails\":[{}]}],",
    "\"originatorMetadata\":{\"id\":{}},",
    "\"ttr\":{\"value\":-1},",
];

/// From here on the pieces are members.
const FIRST_MEMBER: usize = 41;

const NOT_UTF8: [&[u8]; 5] = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"];

/// How long a body may become, so that a round takes no longer than others.
const LONGEST: usize = 16 << 10;

/// A sample, changed in one to eight ways; now and then as it is.
pub fn body(random: &mut Random, samples: &[Vec<u8>]) -> Vec<u8> {
    let mut body = samples[random.below(samples.len())].clone();
    let changes = match random.below(20) {
        0 => 0,
        1..=13 => 1,
        _ => 2 + random.below(7),
    };
    for _ in 0..changes {
        change(random, samples, &mut body);
        body.truncate(LONGEST);
    }
    body
}

fn change(random: &mut Random, samples: &[Vec<u8>], body: &mut Vec<u8>) {
    let at = random.below(body.len() + 1);
    let end = (at + random.below(64)).min(body.len());
    match random.below(20) {
        0 => flip(random, body),
        1 => body.truncate(at),
        2 => drop(body.drain(at..end)),
        3 => {
            let slice = body[at..end].to_vec();
            let to = random.below(body.len() + 1);
            put(body, to..to, &slice);
        }
        4 => {
            let other = &samples[random.below(samples.len())];
            let from = random.below(other.len());
            let to = from + random.below(other.len() - from + 1);
            put(body, at..end, &other[from..to]);
        }
        5 => put(body, at..at, NOT_UTF8[random.below(NOT_UTF8.len())]),
        6 => {
            let levels = random.below(300);
            let deep = random.one_of(&["[", "{\"a\":", "]", "}"]).repeat(levels);
            put(body, at..at, deep.as_bytes());
        }
        7 | 8 => {
            // Deep and whole, in the place of a value.
            let levels = random.below(200);
            let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
            let value = value_from(body, at);
            put(body, value, deep.as_bytes());
        }
        9 => put(body, at..at, random.one_of(&PIECES).as_bytes()),
        10..=14 => {
            let value = value_from(body, at);
            put(body, value, random.one_of(&PIECES).as_bytes());
        }
        _ => {
            // A member in front of others.
            let place = find(body, at, b"{").map_or(at, |open| open + 1);
            let member = random.one_of(&PIECES[FIRST_MEMBER..]);
            put(body, place..place, member.as_bytes());
        }
    }
}

/// Changes one bit of one byte.
pub fn flip(random: &mut Random, bytes: &mut [u8]) {
    let at = random.below(bytes.len());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

/// The place of what looks like a value behind `at`.
fn value_from(body: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = find(body, at, b":[").map_or(at, |colon| colon + 1);
    start..find(body, start, b",}]").unwrap_or(body.len())
}

fn find(body: &[u8], at: usize, any: &[u8]) -> Option<usize> {
    body[at..].iter().position(|byte| any.contains(byte)).map(|place| at + place)
}

fn put(body: &mut Vec<u8>, place: std::ops::Range<usize>, piece: &[u8]) {
    body.splice(place, piece.iter().copied());
}
