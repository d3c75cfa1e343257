//! What anybody on the internet can post to a webhook: bodies and signatures gone wrong, a million
//! of them, against rules that always hold.
//!
//! LPC_FUZZ_ROUNDS says how many, LPC_FUZZ_SEED which; without them they are fewer, for a build
//! without optimisation, and always the same. `make test-rust` runs the million.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod mutation;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lpconnector::{
    EventContent, EventKind, Notification, NotificationEvent, Status, verify_webhook,
};
use mutation::{Random, flip};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// How many bodies; of the signatures, which are shorter and simpler, a tenth.
fn count() -> u64 {
    number("LPC_FUZZ_ROUNDS", 20_000)
}

/// Set in the environment, or else this.
fn number(variable: &str, otherwise: u64) -> u64 {
    let set = std::env::var(variable).ok().filter(|text| !text.is_empty());
    set.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}

/// Runs that many rounds on all processors. A round that fails is named, with what it was given.
fn rounds(count: u64, round: impl Fn(&mut Random, &mut Vec<u8>) + Sync) {
    let seed = number("LPC_FUZZ_SEED", 2026);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let run = |first| {
        for number in (first..count).step_by(threads as usize) {
            let mut given = Vec::new();
            let random = &mut Random::of_round(seed, number);
            let outcome = catch_unwind(AssertUnwindSafe(|| round(random, &mut given)));
            let given = given.escape_ascii();
            assert!(outcome.is_ok(), "round {number} of seed {seed}, given: {given}");
        }
    };
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || run(first));
        }
    });
}

/// The samples that are committed, and the documented ones where they lie beside the project.
fn samples() -> Vec<Vec<u8>> {
    #[derive(Deserialize)]
    struct Sample {
        body: Box<RawValue>,
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut bodies = Vec::new();
    for file in ["tests/webhooks/notifications.json", "../shared/vectors/notifications.json"] {
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        for sample in serde_json::from_str::<Vec<Sample>>(&text).unwrap() {
            let body = sample.body.get();
            // Some are texts that hold the body, for what an object cannot say.
            bodies.push(serde_json::from_str(body).unwrap_or_else(|_| body.to_owned()).into());
        }
    }
    assert!(bodies.len() >= 20);
    bodies
}

#[test]
fn whatever_is_posted_is_read_or_refused() {
    let samples = samples();
    let count = count();
    let read = std::sync::atomic::AtomicU64::new(0);
    rounds(count, |random, given| {
        *given = mutation::body(random, &samples);
        let thorough = random.below(16) == 0;
        match Notification::parse(given) {
            Ok(notification) => {
                read.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                holds(&notification, given, thorough);
            }
            Err(error) => {
                assert_eq!(error.status(), Status::Protocol);
                assert!(error.message().len() < 400, "{error}");
            }
        }
        if thorough {
            nothing_readable_is_refused(given);
        }
    });
    let read = read.into_inner();
    assert!(read > count / 5, "too few could be read to tell anything: {read} of {count}");
    assert_bounded_memory();
}

/// What holds for every notification.
fn holds(notification: &Notification, body: &[u8], thorough: bool) {
    assert!(notification.raw() == body);
    assert!(notification.type_name().len() <= body.len());
    for event in notification.events() {
        let texts = [
            event.conversation_id(),
            event.dialog_id(),
            event.originator_id(),
            event.originator_role(),
            event.text(),
            event.state(),
            event.audience(),
        ];
        assert!(texts.iter().all(|text| text.len() <= event.json().len()));
        assert!(event.sequence().is_none_or(|sequence| sequence >= 0));
        assert!(event.timestamp_ms().is_none_or(|timestamp| timestamp >= 0));
        content_fits_kind(event);
        if thorough {
            serde_json::from_str::<&RawValue>(event.json()).unwrap();
        }
    }
    if thorough {
        assert!(!format!("{notification:?}").is_empty());
        assert!(Notification::parse(notification.raw()).unwrap() == *notification);
    }
}

fn content_fits_kind(event: &NotificationEvent) {
    let most = event.json().len();
    let kind = match event.content() {
        EventContent::Text(text) => {
            assert!(text.message.len() + text.quick_replies.len() <= most);
            EventKind::Text
        }
        EventContent::File(file) => {
            let length = file.relative_path.len() + file.url.len() + file.preview.len();
            assert!(length + file.caption.len() + file.file_type.len() <= most);
            EventKind::File
        }
        EventContent::RichContent(rich) => {
            assert!(rich.content.len() + rich.quick_replies.len() <= most);
            EventKind::RichContent
        }
        EventContent::ChatState(state) => {
            assert_eq!((state.state.as_str(), ""), (event.state(), event.text()));
            EventKind::ChatState
        }
        EventContent::AcceptStatus(status) => {
            assert_eq!((status.status.as_str(), ""), (event.state(), event.text()));
            assert!(status.sequences.len() <= most);
            EventKind::AcceptStatus
        }
        EventContent::Conversation(told) => {
            assert!(told.participants.len() + told.dialogs.len() <= most);
            EventKind::Conversation
        }
        _ => EventKind::Other,
    };
    assert_eq!(event.kind(), kind);
}

/// Another reader of JSON finds an array of changes: then there is one event for each.
fn nothing_readable_is_refused(body: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
    if let Some(changes) = value["body"]["changes"].as_array() {
        let notification = Notification::parse(body).unwrap();
        assert_eq!(notification.events().len(), changes.len());
    }
}

#[test]
fn the_greediest_bodies_take_bounded_memory() {
    const MOST_BYTES: usize = 4 << 20;
    let with_changes = |begin: &str, piece: &str, end: &str| {
        let mut body = format!("{{\"body\":{{\"changes\":[{begin}").into_bytes();
        let room = MOST_BYTES - body.len() - end.len() - 3 - piece.len();
        body.extend(piece.bytes().cycle().take(room - room % piece.len()));
        body.extend(piece.trim_end_matches(',').bytes());
        body.extend(end.bytes().chain("]}}".bytes()));
        assert!(body.len() <= MOST_BYTES && body.len() > MOST_BYTES - 1024);
        body
    };
    let details = "{\"result\":{\"conversationDetails\":";
    for (begin, piece, end) in [
        ("", "0,", ""),
        ("", "{},", ""),
        ("", "{\"event\":{\"type\":\"AcceptStatusEvent\",\"sequenceList\":[0]}},", ""),
        ("{\"event\":{\"type\":\"AcceptStatusEvent\",\"sequenceList\":[", "0,", "]}}"),
        (&format!("{details}{{\"dialogs\":["), "{},", "]}}}"),
        (&format!("{details}{{\"participants\":["), "{},", "]}}}"),
        (&format!("{details}{{"), "\"a\":0,", "}}}"),
        ("{\"event\":{\"type\":\"ContentEvent\",\"message\":\"", "\\ud800", "\"}}"),
        ("{\"event\":{\"type\":\"ContentEvent\",\"message\":\"", "\\\"\\n", "\"}}"),
    ] {
        let body = with_changes(begin, piece, end);
        if let Ok(notification) = Notification::parse(&body) {
            holds(&notification, &body, true);
        }
    }
    assert_bounded_memory();
}

/// The most memory that this program ever had, in KiB: some bodies of 4 MiB, each with its
/// copies, and nothing that grows with what is in them or with the rounds.
fn assert_bounded_memory() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 << 10, "{peak} KiB");
}

#[test]
fn only_the_signature_of_the_body_verifies() {
    const SECRET: &str = "k3y-0f-an-app";
    // Of the empty object, by this secret.
    const HEX: [&str; 2] = [
        "b8b2dec82b9ef4a9fe08669713d2924eadbe1610",
        "f49465814191f9e09fd67ad59045bf98710c4e4e87a2aa83bf3adeb599a3ce26",
    ];
    let from_hex = |hex: &str| -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    };
    let base64 = HEX.map(|hex| STANDARD.encode(from_hex(hex)));
    let signatures: Vec<String> = ["sha1", "sha256"]
        .iter()
        .zip(HEX.iter().zip(&base64))
        .flat_map(|(name, (hex, base64))| [format!("{name}={hex}"), format!("{name}={base64}")])
        .collect();
    for signature in &signatures {
        verify_webhook(&[SECRET], b"{}", signature).unwrap();
    }

    let pieces: Vec<&str> =
        ["=", ",", " ", "sha1=", "sha256=", "md5=", "A", "0", "é", "\0", "\r\n"]
            .into_iter()
            .chain(signatures.iter().map(String::as_str))
            .collect();
    rounds(count() / 10, |random, given| {
        *given = random.one_of(&pieces[11..]).as_bytes().to_vec();
        for _ in 0..random.below(4) {
            let at = random.below(given.len() + 1);
            match random.below(4) {
                0 => flip(random, given),
                1 => given.truncate(at),
                2 => drop(given.splice(at..at, random.one_of(&pieces).bytes())),
                _ => given.make_ascii_uppercase(),
            }
        }
        let signature = String::from_utf8_lossy(given);
        let outcome = verify_webhook(&[SECRET, "another"], b"{}", &signature);
        match outcome {
            Ok(()) => {
                let lower = signature.to_ascii_lowercase();
                let holds_one = HEX.iter().any(|hex| lower.contains(hex))
                    || base64.iter().any(|text| signature.contains(text.trim_end_matches('=')));
                assert!(holds_one, "{signature}");
            }
            Err(error) => assert_eq!(error.status(), Status::Signature),
        }
        // Of another body, or by another secret, none ever verifies.
        assert!(verify_webhook(&[SECRET], b"{} ", &signature).is_err());
        assert!(verify_webhook(&["another"], b"{}", &signature).is_err());
    });
}
