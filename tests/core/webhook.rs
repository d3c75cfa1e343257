//! Webhooks: signatures and notifications, by the samples in tests/webhooks and, where they lie
//! beside the project, by the documented ones.

use std::path::Path;

use lpconnector::{
    AcceptStatus, ChatState, EventContent, EventKind, Notification, NotificationEvent, Status,
    verify_webhook,
};
use serde::Deserialize;
use serde_json::value::RawValue;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn own<T: for<'de> Deserialize<'de>>(name: &str) -> Vec<T> {
    let path = Path::new(ROOT).join("tests/webhooks").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The documented samples; none where they are absent: they lie beside the project where it is
/// developed.
fn documented<T: for<'de> Deserialize<'de>>(name: &str) -> Vec<T> {
    let path = Path::new(ROOT).join("../shared/vectors").join(name);
    std::fs::read_to_string(path).map_or(Vec::new(), |text| serde_json::from_str(&text).unwrap())
}

#[derive(Deserialize)]
struct Signed {
    note: String,
    #[serde(default)]
    secrets: Vec<String>,
    secret: Option<String>,
    body: String,
    signature: String,
    valid: bool,
}

#[test]
fn signatures_are_verified_as_the_samples_say() {
    let samples = own::<Signed>("signatures.json");
    assert!(samples.len() >= 19);
    for sample in samples.into_iter().chain(documented("webhook_signatures.json")) {
        let secrets: Vec<&str> =
            sample.secrets.iter().chain(&sample.secret).map(String::as_str).collect();
        let outcome = verify_webhook(&secrets, sample.body.as_bytes(), &sample.signature);
        assert_eq!(outcome.is_ok(), sample.valid, "{}: {outcome:?}", sample.note);
        if let Err(error) = outcome {
            assert_eq!(error.status(), Status::Signature, "{}", sample.note);
        }
    }
}

#[derive(Deserialize)]
struct Sample {
    name: String,
    body: Box<RawValue>,
    #[serde(rename = "type")]
    type_name: String,
    events: Vec<Expected>,
}

/// What the accessors give; a number that is absent is -1, as in C.
#[derive(Debug, Deserialize, PartialEq)]
struct Expected {
    kind: i32,
    conversation_id: String,
    dialog_id: String,
    sequence: i64,
    originator_id: String,
    originator_role: String,
    timestamp_ms: i64,
    text: String,
    audience: String,
}

impl Expected {
    fn of(event: &NotificationEvent) -> Expected {
        Expected {
            kind: event.kind() as i32,
            conversation_id: event.conversation_id().to_owned(),
            dialog_id: event.dialog_id().to_owned(),
            sequence: event.sequence().unwrap_or(-1),
            originator_id: event.originator_id().to_owned(),
            originator_role: event.originator_role().to_owned(),
            timestamp_ms: event.timestamp_ms().unwrap_or(-1),
            text: event.text().to_owned(),
            audience: event.audience().to_owned(),
        }
    }
}

/// A body that is no object is a text that holds the body, for what an object cannot say.
fn bytes(body: &RawValue) -> Vec<u8> {
    let text = serde_json::from_str(body.get()).unwrap_or_else(|_| body.get().to_owned());
    text.into_bytes()
}

#[test]
fn notifications_are_read_as_the_samples_say() {
    let samples = own::<Sample>("notifications.json");
    assert!(samples.len() >= 20);
    for sample in samples {
        let body = bytes(&sample.body);
        let notification = Notification::parse(&body).unwrap();
        assert_eq!(notification.type_name(), sample.type_name, "{}", sample.name);
        assert!(notification.raw() == body, "{}", sample.name);
        let events: Vec<Expected> = notification.events().iter().map(Expected::of).collect();
        assert_eq!(events, sample.events, "{}", sample.name);
    }
}

/// The only event of one of our samples.
fn event(name: &str) -> NotificationEvent {
    let samples = own::<Sample>("notifications.json");
    let sample = samples.iter().find(|sample| sample.name == name).unwrap();
    let notification = Notification::parse(&bytes(&sample.body)).unwrap();
    let [event] = notification.events() else { panic!("{name} has one event") };
    event.clone()
}

#[test]
fn a_text_and_rich_content_keep_their_json() {
    let event = event("text with quick replies");
    let EventContent::Text(text) = event.content() else { panic!("{event:?}") };
    assert_eq!(text.message, "Which size?");
    let replies: serde_json::Value = serde_json::from_str(&text.quick_replies).unwrap();
    assert_eq!(replies["replies"][0]["title"], "S");
    assert!(event.json().starts_with("{\"sequence\": 7") && event.json().ends_with('}'));

    let event = self::event("rich content");
    let EventContent::RichContent(rich) = event.content() else { panic!("{event:?}") };
    assert!(rich.content.starts_with("{\"type\": \"vertical\""), "{}", rich.content);
    assert_eq!(rich.quick_replies, "");
}

#[test]
fn a_file_says_where_it_is() {
    let event = event("file of the storage");
    let EventContent::File(file) = event.content() else { panic!("{event:?}") };
    assert_eq!(
        [&file.relative_path, &file.url, &file.caption, &file.file_type, &file.preview],
        ["/v1/x/1.png", "", "The receipt", "PNG", "data:image/png;base64,AA=="]
    );
    let event = self::event("file elsewhere");
    let EventContent::File(file) = event.content() else { panic!("{event:?}") };
    assert_eq!([&file.relative_path, &file.url], ["", "https://files.example/1.pdf"]);
}

#[test]
fn states_are_known_ones_or_names() {
    let to_come = ChatState::from(event("chat state to come").text());
    assert!(matches!(to_come, ChatState::Named(_)));
    for (name, state) in [("chat state", ChatState::Pause), ("chat state to come", to_come)] {
        let event = event(name);
        let EventContent::ChatState(content) = event.content() else { panic!("{event:?}") };
        assert_eq!((&content.state, content.state.as_str()), (&state, event.text()));
    }
    let event = event("accept status");
    let EventContent::AcceptStatus(content) = event.content() else { panic!("{event:?}") };
    assert_eq!((&content.status, &content.sequences[..]), (&AcceptStatus::Nack, &[3, 4][..]));
}

#[test]
fn a_conversation_is_told_completely() {
    let event = event("conversation with a survey");
    let EventContent::Conversation(told) = event.content() else { panic!("{event:?}") };
    assert_eq!(
        [&told.change, &told.state, &told.stage, &told.close_reason, &told.brand_id],
        ["UPSERT", "CLOSE", "OPEN", "AGENT", "64467156"]
    );
    assert_eq!([&told.skill_id, &told.ttr_type], ["1403832132", "NORMAL"]);
    assert_eq!((told.ttr_value, told.effective_ttr), (Some(3600), Some(1_700_000_900_000)));
    assert_eq!((told.start_ms, told.end_ms), (Some(1_700_000_000_000), Some(1_700_000_100_000)));
    assert_eq!(told.updated_ms, Some(1_700_000_100_002));
    let people: Vec<_> = told.participants.iter().map(|p| (&p.id[..], &p.role[..])).collect();
    assert_eq!(people, [("u", "CONSUMER"), ("a", "ASSIGNED_AGENT")]);

    let [main, survey] = &told.dialogs[..] else { panic!("{told:?}") };
    assert_eq!(
        [&main.id, &main.dialog_type, &main.channel_type, &main.state],
        ["c-1", "MAIN", "MESSAGING", "CLOSE"]
    );
    assert_eq!([&main.closed_by, &main.closed_cause], ["AGENT", "Closed by agent"]);
    assert_eq!((main.start_ms, main.end_ms), (told.start_ms, told.end_ms));
    assert_eq!(main.updated_ms, told.end_ms);
    assert_eq!((&main.participants[0].id[..], &main.participants[0].state[..]), ("u", "ACTIVE"));
    assert_eq!([&survey.id, &survey.dialog_type, &survey.state], ["s-1", "POST_SURVEY", "OPEN"]);
    assert_eq!((survey.end_ms, survey.participants.len()), (None, 0));
}

#[test]
fn the_documented_notifications_are_read() {
    use EventKind::{AcceptStatus, ChatState, Conversation, Text};

    #[derive(Deserialize)]
    struct Documented {
        name: String,
        body: Box<RawValue>,
    }
    let samples = documented::<Documented>("notifications.json");
    let mut kinds = Vec::new();
    for sample in &samples {
        let notification = Notification::parse(sample.body.get().as_bytes()).unwrap();
        let [event] = notification.events() else { panic!("{} has one event", sample.name) };
        assert_eq!(event.conversation_id(), "5491244f-e462-4c63-bf4e-faf4b2d3e7b5");
        kinds.push(event.kind());
    }
    let expected =
        [Conversation, Text, Conversation, AcceptStatus, ChatState, ChatState, Text, Text];
    assert!(samples.is_empty() || kinds == expected, "{kinds:?}");
}
