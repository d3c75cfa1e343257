//! What a connector learns of what its consumers did: from notifications, and from the list of what
//! arrived.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Answer, Route, Webhook};

use crate::driver::{Driver, call, text};
use crate::endpoint::Endpoint;

fn scene() -> (Driver<'static>, Endpoint) {
    let (driver, endpoint) = (Driver::new(), Endpoint::new());
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    (driver, endpoint)
}

/// A text that its sender knows again.
fn known(dialog_id: &str, id: &str) -> Value {
    let mut request = text(dialog_id, &format!("text {id}"));
    request["metadata"] = json!([{"type": "ExternalId", "id": id}]);
    request
}

/// The consumer by the id that the service gave it.
fn lp_consumer_id(driver: &Driver<'_>) -> Value {
    driver.conversation()["consumer"]["lp_consumer_id"].clone()
}

/// Whether it tells of this text of the consumer.
fn assert_told(endpoint: &Endpoint, driver: &Driver<'_>, id: &str, sequence: u64) {
    let change = endpoint.next().change();
    let consumer = lp_consumer_id(driver);
    assert_eq!(change["originatorId"], consumer);
    assert_eq!(change["originatorMetadata"], json!({"id": consumer, "role": "CONSUMER"}));
    assert_eq!(change["event"]["message"], format!("text {id}"));
    assert_eq!(change["metadata"], json!([{"type": "ExternalId", "id": id}]));
    assert_eq!(change["sequence"], sequence);
}

/// All that agents see, in its order, through the control API: texts and their ids.
fn seen(driver: &Driver<'_>) -> Value {
    let url =
        format!("{}/accounts/{}/conversations", driver.sandbox.control_url(), driver.account.id);
    let conversations = call(&driver.agent, "GET", &url, &[], b"").expect("an answer").json();
    let events = conversations.as_array().into_iter().flatten().flat_map(|conversation| {
        conversation["events"].as_array().into_iter().flatten().cloned().collect::<Vec<_>>()
    });
    events.map(|it| json!([it["event"]["message"], it["metadata"][0]["id"]])).collect()
}

#[test]
fn the_opening_is_told_with_whom_and_where_and_then_what_was_said() {
    let (driver, endpoint) = scene();
    let reply = driver.batch(&driver.opening_with(known("", "a-1")));
    assert_eq!(reply.status, 200, "{}", reply.text);
    let id = reply.json()[1]["body"]["conversationId"].clone();

    let told = endpoint.next().json();
    assert_eq!(told["type"], "cqm.ExConversationChangeNotification");
    let result = &told["body"]["changes"][0]["result"];
    assert_eq!(result["convId"], id);
    let details = &result["conversationDetails"];
    let consumer = json!({"id": lp_consumer_id(&driver), "role": "CONSUMER"});
    assert_eq!(details["participants"], json!([consumer]));
    let [dialog] = &details["dialogs"].as_array().expect("dialogs")[..] else { panic!("one") };
    assert_eq!(dialog["dialogId"], id);
    assert_eq!((&dialog["dialogType"], &dialog["state"]), (&json!("MAIN"), &json!("OPEN")));

    assert_told(&endpoint, &driver, "a-1", 0);
    let id = id.as_str().expect("an id");
    assert_eq!(driver.send(&known(id, "a-2")).status, 200);
    assert_told(&endpoint, &driver, "a-2", 1);
}

#[test]
fn what_took_effect_is_told_and_listed_although_its_answer_was_lost() {
    let (driver, endpoint) = scene();
    let lose = |route| driver.sandbox.answer_next(&driver.account.id, route, Answer::Lose);
    lose(Route::Conversation);
    let path = "/api/account/{account}/messaging/consumer/conversation?v=3";
    let batch = driver.opening_with(known("", "a-1")).to_string();
    assert!(driver.try_post(path, batch.as_bytes()).is_err());
    endpoint.next();
    assert_told(&endpoint, &driver, "a-1", 0);

    let conversation = driver.conversation();
    let id = conversation["id"].as_str().expect("an id");
    lose(Route::Send);
    assert!(driver.try_send(&known(id, "a-2")).is_err());
    assert_told(&endpoint, &driver, "a-2", 1);
    // Whoever sends it again is seen to, and so is who lets another overtake.
    for again in ["a-4", "a-2", "a-3"] {
        assert_eq!(driver.send(&known(id, again)).status, 200);
    }
    let order = ["a-1", "a-2", "a-4", "a-2", "a-3"].map(|id| json!([format!("text {id}"), id]));
    assert_eq!(seen(&driver), json!(order));
}
