//! Webhooks: signatures and notifications, by the samples in tests/webhooks and, where they lie
//! beside the project, by the documented ones.

use std::path::Path;

use lpconnector::{
    AcceptStatus, ChatState, ConversationContent, EventContent, EventKind, Notification,
    NotificationEvent, Status, verify_webhook,
};
use serde::Deserialize;
use serde_json::Value;
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
    state: String,
    audience: String,
    /// null where there is none.
    metadata: Value,
    closed: bool,
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
            state: event.state().to_owned(),
            audience: event.audience().to_owned(),
            metadata: match event.metadata_json() {
                "" => Value::Null,
                json => serde_json::from_str(json).unwrap(),
            },
            closed: event.is_closed(),
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
    assert!(samples.len() >= 55);
    for sample in samples {
        let body = bytes(&sample.body);
        let notification = Notification::parse(&body).unwrap();
        assert_eq!(notification.type_name(), sample.type_name, "{}", sample.name);
        assert!(notification.raw() == body, "{}", sample.name);
        let events: Vec<Expected> = notification.events().iter().map(Expected::of).collect();
        assert_eq!(events, sample.events, "{}", sample.name);
        assert_eq!(notification.account_id(), "", "only a receiver knows it");
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
    assert_eq!((&rich.text[..], &rich.quick_replies[..]), ("Hi", ""));
    let event = self::event("rich content of many parts");
    let EventContent::RichContent(rich) = event.content() else { panic!("{event:?}") };
    assert!(rich.quick_replies.contains("None") && !rich.text.contains("None"), "{}", rich.text);
    let event = self::event("quick replies without a text");
    let EventContent::Text(text) = event.content() else { panic!("{event:?}") };
    assert!(text.message.is_empty() && text.quick_replies.contains("\"L\""));
}

#[test]
fn a_secure_form_is_told_by_its_members() {
    let read = |name| {
        let event = event(name);
        let EventContent::SecureForm(form) = event.content() else { panic!("{event:?}") };
        form.clone()
    };
    let asked = read("secure form by a number");
    assert_eq!(
        [&asked.content_type, &asked.title, &asked.form_id, &asked.invitation_id],
        ["forms/secure-invitation", "Your address", "1550", "i-1"]
    );
    let filled = read("secure form that was filled in");
    assert_eq!([&filled.invitation_id, &filled.submission_id], ["i-1", "s-1"]);
    assert_eq!([&filled.content_type[..], &filled.title], ["forms/secure-submission", ""]);
}

#[test]
fn a_notification_without_changes_is_kept_whole() {
    for name in ["changes are absent", "changes are null, and there is no type", "type to come"] {
        let event = event(name);
        assert_eq!(event.content(), &EventContent::Other);
        assert!(event.json().starts_with('{') && event.json().contains("\"body\""), "{name}");
    }
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
    for (name, place, kind) in [
        ("audio in the storage", ["/v1/x/2.mp3", ""], "MP3"),
        ("audio elsewhere", ["", "https://files.example/3.ogg"], "OGG"),
        ("file elsewhere, no more than its URL", ["", "https://files.example/4.pdf"], ""),
        ("file by the schema's name", ["/v1/x/5.txt", ""], "TXT"),
        ("file of a content type to come", ["/v1/x/6.mp4", ""], ""),
        ("file that is not there", ["", ""], ""),
    ] {
        let event = self::event(name);
        let EventContent::File(file) = event.content() else { panic!("{event:?}") };
        assert_eq!([&file.relative_path[..], &file.url], place, "{name}");
        assert_eq!(file.file_type, kind, "{name}");
    }
}

#[test]
fn states_are_known_ones_or_names() {
    let to_come = ChatState::from(event("chat state to come").state());
    assert!(matches!(to_come, ChatState::Named(_)));
    for (name, state) in [("chat state", ChatState::Pause), ("chat state to come", to_come)] {
        let event = event(name);
        let EventContent::ChatState(content) = event.content() else { panic!("{event:?}") };
        assert_eq!((&content.state, content.state.as_str()), (&state, event.state()));
    }
    let event = event("accept status");
    let EventContent::AcceptStatus(content) = event.content() else { panic!("{event:?}") };
    assert_eq!((&content.status, &content.sequences[..]), (&AcceptStatus::Nack, &[3, 4][..]));
    for (name, sequences) in [
        ("accept status to come", &[3, 4][..]),
        ("single sequence in place of a list", &[3]),
        ("answer to the question of a survey", &[1]),
    ] {
        let event = self::event(name);
        let EventContent::AcceptStatus(content) = event.content() else { panic!("{event:?}") };
        assert_eq!(content.sequences, sequences, "{name}");
    }
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

fn told(name: &str) -> ConversationContent {
    let event = event(name);
    let EventContent::Conversation(told) = event.content() else { panic!("{event:?}") };
    (**told).clone()
}

#[test]
fn all_that_is_known_of_a_conversation_is_typed() {
    let it = told("survey under way, with all that is known");
    assert_eq!((it.effective_ttr, it.sent_ms), (Some(-1), Some(1_700_000_100_003)));
    assert_eq!((&it.ttr_type[..], it.ttr_value), ("PRIORITIZED", Some(600)));
    assert_eq!(it.manual_ettr_ms, Some(1_700_000_500_000));
    let delay = it.delay.unwrap();
    assert_eq!((&delay.kind[..], delay.till_ms), ("WEEKEND", Some(1_700_000_900_000)));
    let csat = it.csat.unwrap();
    assert_eq!((csat.rate, csat.resolved, &csat.status[..]), (Some(4), Some(true), "FILLED"));
    let handler: Value = serde_json::from_str(&it.handler_details).unwrap();
    assert_eq!(handler["skillId"], "3801");
    let roles: Vec<&str> = it.participants.iter().map(|person| &person.role[..]).collect();
    assert_eq!(roles, ["ASSIGNED_AGENT", "READER", "CONSUMER", "AGENT", "CONTROLLER"]);
    let [main, survey] = &it.dialogs[..] else { panic!("{:?}", it.dialogs) };
    assert_eq!([&main.state[..], &survey.state], ["CLOSE", "OPEN"]);
    assert!(survey.metadata.contains("appInstallId"), "{}", survey.metadata);
    assert_eq!(survey.participants[1].role, "AGENT");

    // What is absent is absent, and what makes no sense is in the JSON alone.
    let it = told("conversation under a type to come");
    assert_eq!((it.delay, it.csat, it.effective_ttr, it.sent_ms), (None, None, None, None));
    assert_eq!((&it.handler_details[..], it.manual_ettr_ms), ("", None));
}

#[test]
fn numbers_and_lists_are_read_however_they_are_written() {
    let it = told("conversation by an older name, with texts for numbers");
    assert_eq!((it.effective_ttr, it.manual_ettr_ms), (Some(1_700_000_600_000), Some(0)));
    assert_eq!((it.start_ms, it.end_ms), (Some(1_700_000_000_000), Some(0)));
    assert_eq!((&it.skill_id[..], it.ttr_value), ("-1", Some(1800)));
    let csat = it.csat.unwrap();
    assert_eq!((csat.rate, csat.resolved, &csat.status[..]), (Some(3), Some(false), "SKIPPED"));
    assert_eq!(it.delay.unwrap().till_ms, Some(0));

    let it = told("single participants and dialogs in place of lists");
    assert_eq!((it.participants.len(), &it.participants[0].id[..]), (1, "u-1"));
    assert_eq!((it.dialogs.len(), &it.dialogs[0].dialog_type[..]), (1, "MAIN"));
    assert_eq!(it.dialogs[0].participants[0].state, "ACTIVE");
    assert_eq!(it.sent_ms, Some(1_700_000_000_009));
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
        // The older ones name the dialog alone, which need not be the conversation's.
        let of_conversation = event.kind() == Conversation;
        let id = if of_conversation { event.conversation_id() } else { event.dialog_id() };
        assert_eq!(id, "5491244f-e462-4c63-bf4e-faf4b2d3e7b5", "{}", sample.name);
        let newer = sample.name.contains("newer form");
        assert_eq!(event.conversation_id().is_empty(), !of_conversation && !newer);
        kinds.push(event.kind());
    }
    let expected =
        [Conversation, Text, Conversation, AcceptStatus, ChatState, ChatState, Text, Text];
    assert!(samples.is_empty() || kinds == expected, "{kinds:?}");
}
