//! What notifications tell besides the event or the state.

use std::time::Duration;

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Retry, Webhook};

use crate::driver::{Driver, call, close, text};
use crate::endpoint::{Answer, Endpoint};

fn scene() -> (Driver<'static>, Endpoint) {
    let (driver, endpoint) = (Driver::new(), Endpoint::new());
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    (driver, endpoint)
}

fn result(endpoint: &Endpoint) -> Value {
    endpoint.next().change()["result"].clone()
}

#[test]
fn metadata_is_told() {
    let (driver, endpoint) = scene();
    let id = driver.open();
    endpoint.next();
    let mut message = text(&id, "Hello");
    assert_eq!(driver.send(&message).status, 200);
    assert_eq!(endpoint.next().change().get("metadata"), None);
    message["metadata"] = json!([{"type": "ExternalId", "id": "order 17"}]);
    assert_eq!(driver.send(&message).status, 200);
    let change = endpoint.next().change();
    assert_eq!(change["metadata"], message["metadata"]);
    assert_eq!(change["event"], message["body"]["event"], "beside the event, not in it");
}

#[test]
fn each_dialog_counts_for_itself() {
    let (driver, endpoint) = scene();
    let id = driver.open();
    for _ in 0..2 {
        driver.send(&text(&id, "in MAIN"));
    }
    let survey = driver.sandbox.open_survey(&driver.account.id, &id);
    driver.send(&text(&survey, "in the survey"));
    let act = |step: Value| driver.sandbox.act_as_agent(&driver.account.id, &id, &step);
    assert_eq!(act(json!({"read": true})), json!({"sequence": 1}));
    let numbers: Vec<Value> =
        (0..7).map(|_| endpoint.next().change()).map(|it| it["sequence"].clone()).collect();
    // The opening, two texts, the survey, a text, somebody joins, and reads.
    assert_eq!(json!(numbers), json!([null, 0, 1, null, 0, null, 1]));
    let events = driver.conversation()["events"].clone();
    assert_eq!(events[3]["event"]["sequenceList"], json!([0]), "what is in this dialog");
    let shown: Vec<&Value> = (0..4).map(|number| &events[number]["sequence"]).collect();
    assert_eq!(json!(shown), json!([0, 1, 0, 1]));
    let transcript = driver.sandbox.transcript(&driver.account.id);
    assert!(transcript.contains(": CLOSE, stage OPEN\n"), "{transcript}");
    assert!(transcript.contains("    consumer    0  text \"in the survey\"\n"), "{transcript}");
}

#[test]
fn a_survey_may_be_named_by_its_dialog_alone() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    let retry = Retry::Retention { time: Duration::from_secs(60) };
    let webhook =
        Webhook { bare_dialogs: true, retry, time_scale: 0.001, ..Webhook::to(endpoint.url()) };
    driver.sandbox.set_webhook(&driver.account.id, webhook);
    let id = driver.open();
    driver.send(&text(&id, "in MAIN"));
    let survey = driver.sandbox.open_survey(&driver.account.id, &id);
    endpoint.next();
    assert_eq!(endpoint.next().change()["conversationId"], id);
    endpoint.next();
    // One lane for all of the conversation, and for what is said of it by hand.
    endpoint.answers(&[Answer::Status(500), Answer::Status(500)]);
    driver.send(&text(&survey, "one"));
    driver.sandbox.act_as_agent(&driver.account.id, &id, &json!({"manualETTR": 5}));
    let raw = json!({"type": "ms.MessagingEventNotification", "body": {"changes": [
        {"dialogId": survey, "event": {"type": "ContentEvent", "message": "raw"}}]}});
    driver.sandbox.notify(&driver.account.id, raw.to_string());
    for _ in 0..3 {
        let change = endpoint.next().change();
        assert_eq!(
            (&change["event"]["message"], change.get("conversationId")),
            (&json!("one"), None)
        );
        assert_eq!(change["dialogId"], survey);
    }
    assert_eq!(result(&endpoint)["conversationDetails"]["manualETTR"], 5);
    assert_eq!(endpoint.next().text(), "raw");
}

#[test]
fn an_agent_owes_an_answer_or_not() {
    let (driver, endpoint) = scene();
    let mut batch = driver.opening();
    batch[1]["body"]["ttrDefName"] = json!("URGENT");
    let id = driver.batch(&batch).json()[1]["body"]["conversationId"].clone();
    let id = id.as_str().expect("a conversation");
    let act = |step: Value| driver.sandbox.act_as_agent(&driver.account.id, id, &step);
    // Something that is told and says nothing.
    let effective = || {
        act(json!({"delay": null}));
        loop {
            let change = endpoint.next().change();
            if change["event"].is_null() {
                break change["result"]["effectiveTTR"].clone();
            }
        }
    };
    let opened = result(&endpoint);
    let start = opened["conversationDetails"]["startTs"].as_i64().expect("milliseconds");
    assert_eq!(opened["effectiveTTR"], start + 300_000, "from the opening on");
    let timestamp = |message: &str| {
        driver.send(&text(id, message));
        endpoint.next().change()["serverTimestamp"].as_i64().expect("milliseconds")
    };
    timestamp("Hello");
    assert_eq!(effective(), start + 300_000);
    act(json!({"join": true}));
    endpoint.next();
    act(json!({"note": "nobody hears it"}));
    assert_eq!(effective(), start + 300_000);
    act(json!({"say": "Hello"}));
    assert_eq!(effective(), -1);
    let first = timestamp("one");
    timestamp("two");
    assert_eq!(effective(), first + 300_000, "since the first that is not answered");
    driver.send(&close(id));
    assert_eq!(effective(), -1);
}

#[test]
fn the_opening_is_told() {
    let (driver, endpoint) = scene();
    let mut batch = driver.opening_with(text("", "Hello"));
    let context = json!({"type": "SharkContext", "sessionId": "s", "lang": "en-US"});
    let campaign = json!({"campaignId": 3, "engagementId": "4"});
    batch[1]["body"]["conversationContext"] = context.clone();
    batch[1]["body"]["campaignInfo"] = campaign.clone();
    let properties = json!({"type": ".ClientProperties", "features": ["RICH_CONTENT"]});
    let headers = [
        ("Authorization", &*driver.app_jwt),
        ("X-LP-ON-BEHALF", &*driver.consumer_jws),
        ("Client-Properties", &properties.to_string()),
    ];
    let url = driver.url("/api/account/{account}/messaging/consumer/conversation?v=3");
    let reply = call(&driver.agent, "POST", &url, &headers, batch.to_string().as_bytes());
    let opened = reply.expect("an answer").json();
    let id = opened[1]["body"]["conversationId"].as_str().expect("a conversation");
    let result = result(&endpoint);
    assert_eq!(result.get("lastContentEventNotification"), None);
    let details = &result["conversationDetails"];
    let mut with_properties = context;
    with_properties["clientProperties"] = properties;
    assert_eq!((&details["campaignInfo"], &details["context"]), (&campaign, &with_properties));
    let handler = json!({"accountId": driver.account.id, "skillId": "-1"});
    assert_eq!(details["conversationHandlerDetails"], handler);
    let said = endpoint.next().change();
    driver.sandbox.act_as_agent(&driver.account.id, id, &json!({"note": "private"}));
    let joined = endpoint.next().change()["result"].clone();
    assert_eq!(joined["lastContentEventNotification"], said);
    endpoint.next();
    driver.sandbox.act_as_agent(&driver.account.id, id, &json!({"transfer": "7"}));
    let moved = endpoint.next().change()["result"].clone();
    assert_eq!(moved["lastContentEventNotification"], said, "what the consumer may see");
    assert_eq!(moved["conversationDetails"]["conversationHandlerDetails"]["skillId"], "7");
}

#[test]
fn the_agents_absence_is_told() {
    let (driver, endpoint) = scene();
    let id = driver.open();
    let details = || result(&endpoint)["conversationDetails"].clone();
    let opened = details();
    assert_eq!((opened.get("delay"), opened.get("manualETTR")), (None, None));
    let act = |step: Value| driver.sandbox.act_as_agent(&driver.account.id, &id, &step);
    let delay = json!({"type": "NIGHT", "tillWhen": 1_700_000_000_000_i64});
    assert_eq!(act(json!({"delay": delay})), json!({}));
    let night = details();
    assert_eq!((&night["delay"], &night["participants"][1]), (&delay, &Value::Null));
    assert_eq!(act(json!({"manualETTR": 1_700_000_000_001_i64})), json!({}));
    assert_eq!(details()["manualETTR"], 1_700_000_000_001_i64);
    act(json!({"delay": null}));
    assert_eq!(details().get("delay"), None);
    let view = driver.conversation();
    assert_eq!(
        (&view["delay"], &view["manualETTR"]),
        (&Value::Null, &json!(1_700_000_000_001_i64))
    );
}
