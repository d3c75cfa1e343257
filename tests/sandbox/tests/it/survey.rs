//! The survey that follows a conversation.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Agent, Survey, Webhook};

use crate::control::control;
use crate::driver::{Driver, call, close, event, field, text};
use crate::endpoint::Endpoint;
use crate::fault::until;
use crate::role::roles;

fn questions() -> Value {
    json!([{"text": "How was it?", "quickReplies": ["good", "bad"]}, {"text": "What else?"}])
}

/// An account with a survey, whose notifications go to an endpoint.
fn scene() -> (Driver<'static>, Endpoint) {
    let (driver, endpoint) = (Driver::new(), Endpoint::new());
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    let survey = Survey::new(&questions()).expect("a survey");
    driver.sandbox.set_survey(&driver.account.id, Some(survey));
    (driver, endpoint)
}

/// Opens a conversation with these features.
fn open(driver: &Driver<'_>, features: &[&str]) -> String {
    let properties = json!({"type": ".ClientProperties", "features": features}).to_string();
    let headers = [
        ("Authorization", &*driver.app_jwt),
        ("X-LP-ON-BEHALF", &*driver.consumer_jws),
        ("Client-Properties", &*properties),
    ];
    let url = driver.url("/api/account/{account}/messaging/consumer/conversation?v=3");
    let body = driver.opening().to_string();
    let reply = call(&driver.agent, "POST", &url, &headers, body.as_bytes()).expect("an answer");
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()[1]["body"]["conversationId"].as_str().expect("a conversation").to_owned()
}

fn details(endpoint: &Endpoint) -> Value {
    endpoint.next().change()["result"]["conversationDetails"].clone()
}

fn close_dialog(id: &str, dialog_id: &Value) -> Value {
    let dialog =
        json!({"dialogId": dialog_id, "state": "CLOSE", "closedCause": "Closed by consumer"});
    field(id, json!({"field": "DialogChange", "type": "UPDATE", "dialog": dialog}))
}

#[test]
fn it_follows_main_and_ends() {
    let (driver, endpoint) = scene();
    let id = open(&driver, &["RICH_CONTENT", "MULTI_DIALOG"]);
    details(&endpoint);
    driver.send(&text(&id, "Hello"));
    endpoint.next();
    driver.send(&close_dialog(&id, &json!(id)));
    let over = endpoint.next().change()["result"].clone();
    assert_eq!(over["effectiveTTR"], -1);
    let over = &over["conversationDetails"];
    assert_eq!((&over["state"], &over["stage"]), (&json!("CLOSE"), &json!("OPEN")));
    assert_eq!((&over["closeReason"], over.get("endTs")), (&json!("CONSUMER"), None));
    assert_eq!(over["dialogs"][0]["closedCause"], "Closed by consumer");
    let dialog = &over["dialogs"][1];
    assert_eq!((&dialog["dialogType"], &dialog["state"]), (&json!("POST_SURVEY"), &json!("OPEN")));
    let apps = [&over["dialogs"][0], dialog].map(|it| it["metaData"]["appInstallId"].as_str());
    assert_eq!(apps[0], Some(&*driver.account.client_id));
    assert!(apps[1].is_some_and(|app| app != driver.account.client_id), "{dialog}");
    let [consumer, bot, controller] = [0, 1, 2].map(|place| &over["participants"][place]);
    assert_eq!(roles(&over["participants"]), ["CONSUMER", "AGENT", "CONTROLLER"]);
    assert_eq!(dialog["participantsDetails"][1]["id"], bot["id"]);
    assert_eq!(over["dialogs"][0]["participantsDetails"].as_array().map(Vec::len), Some(1));

    let first = endpoint.next().change();
    assert_eq!((&first["sequence"], &first["originatorMetadata"]), (&json!(0), bot));
    assert_eq!((&first["conversationId"], &first["dialogId"]), (&json!(id), &dialog["dialogId"]));
    assert_eq!(first["event"]["message"], "How was it?");
    let question = &first["metadata"][0];
    assert_eq!((&question["type"], &question["provider"]), (&json!("Question"), &json!("AC")));
    assert!(question["groupId"].is_string(), "{question}");
    let survey_id = question["surveyId"].as_str().expect("an id");
    assert!(survey_id.parse::<u32>().is_ok(), "a number as text: {survey_id}");
    let replies = &first["event"]["quickReplies"]["replies"];
    assert_eq!(replies.as_array().map(Vec::len), Some(2));
    let click = &replies[1]["click"];
    assert_eq!(click["actions"], json!([{"type": "publishText", "text": "bad"}]));
    let answer = json!([{"type": "Answer", "id": question["replies"][1], "provider": "AC",
                         "questionId": question["id"]}]);
    assert_eq!(click["metadata"], answer);

    // As the vendor has it: what was clicked, and then its text.
    let survey = dialog["dialogId"].as_str().expect("an id");
    let action = json!({"type": "AcceptStatusEvent", "status": "ACTION", "sequenceList": [0]});
    let mut action = event(survey, action);
    let mut bad = text(survey, "bad");
    (action["metadata"], bad["metadata"]) = (answer.clone(), answer.clone());
    for (sent, sequence) in [(&action, 1), (&bad, 2)] {
        assert_eq!(driver.send(sent).status, 200, "{sent}");
        let told = endpoint.next().change();
        assert_eq!((&told["sequence"], &told["metadata"]), (&json!(sequence), &answer));
    }
    let second = endpoint.next().change();
    assert_eq!(
        (&second["sequence"], &second["event"]["message"]),
        (&json!(3), &json!("What else?"))
    );
    assert_eq!(second["event"].get("quickReplies"), None);
    driver.send(&text(survey, "Nothing"));
    assert_eq!(endpoint.next().text(), "Nothing");
    let done = details(&endpoint);
    assert_eq!((&done["state"], &done["stage"]), (&json!("CLOSE"), &json!("CLOSE")));
    assert_eq!(done["closeReason"], "CONSUMER", "who closed MAIN");
    assert!(done["endTs"].is_i64());
    let dialog = &done["dialogs"][1];
    assert_eq!(
        (&dialog["closedBy"], &dialog["closedCause"]),
        (&json!("AGENT"), &json!("Completed"))
    );
    assert_eq!(driver.conversation()["participants"], json!([consumer, bot, controller]));
    until(|| driver.sandbox.pending(&driver.account.id) == 0);
    assert_eq!(endpoint.rest(), 0);
}

#[test]
fn whoever_closes_main_it_follows() {
    for by in ["state", "dialog", "agent", "control"] {
        let (driver, _endpoint) = scene();
        let id = open(&driver, &["MULTI_DIALOG"]);
        match by {
            "state" => assert_eq!(driver.send(&close(&id)).status, 200),
            "dialog" => assert_eq!(driver.send(&close_dialog(&id, &json!(id))).status, 200),
            "agent" => {
                let step = json!({"close": true});
                driver.sandbox.act_as_agent(&driver.account.id, &id, &step);
            }
            _ => driver.sandbox.close_conversation(&driver.account.id, &id),
        }
        let view = driver.conversation();
        assert_eq!((&view["state"], &view["stage"]), (&json!("CLOSE"), &json!("OPEN")), "{by}");
        assert_eq!(view["events"][0]["event"]["message"], "How was it?", "{by}");
        assert_eq!(driver.send(&close(&id)).status, 200, "what took effect, or what is open");
    }
}

#[test]
fn the_features_may_stand_in_the_context() {
    let (driver, _endpoint) = scene();
    let mut batch = driver.opening();
    let properties = json!({"type": ".ClientProperties", "features": ["MULTI_DIALOG"]});
    batch[1]["body"]["conversationContext"] = json!({"clientProperties": properties});
    let opened = driver.batch(&batch).json();
    driver.send(&close(opened[1]["body"]["conversationId"].as_str().expect("a conversation")));
    assert_eq!(driver.conversation()["dialogs"][1]["dialogType"], "POST_SURVEY");
}

#[test]
fn it_does_not_follow_everywhere() {
    let cases = [
        ("RICH_CONTENT", true, "ConversationStateField"),
        ("MULTI_DIALOG", true, "Stage"),
        ("MULTI_DIALOG", false, "ConversationStateField"),
    ];
    for (feature, surveyed, name) in cases {
        let (driver, endpoint) = scene();
        if !surveyed {
            driver.sandbox.set_survey(&driver.account.id, None);
        }
        let id = open(&driver, &[feature]);
        details(&endpoint);
        let closing = field(&id, json!({"field": name, "conversationState": "CLOSE"}));
        assert_eq!(driver.send(&closing).status, 200);
        let closed = details(&endpoint);
        assert_eq!((&closed["state"], &closed["stage"]), (&json!("CLOSE"), &json!("CLOSE")));
        assert_eq!(closed["dialogs"].as_array().map(Vec::len), Some(1));
        until(|| driver.sandbox.pending(&driver.account.id) == 0);
        assert_eq!(endpoint.rest(), 0, "{feature} {name}");
    }
}

#[test]
fn the_consumer_leaves_it() {
    for all in [false, true] {
        let (driver, endpoint) = scene();
        let id = open(&driver, &["MULTI_DIALOG"]);
        driver.send(&close(&id));
        let survey = driver.conversation()["dialogs"][1]["dialogId"].clone();
        for _ in 0..3 {
            endpoint.next();
        }
        let mut leaving = close_dialog(&id, &survey);
        if all {
            leaving = field(&id, json!({"field": "Stage", "conversationState": "CLOSE"}));
        }
        assert_eq!(driver.send(&leaving).status, 200, "with the id of the first closing");
        let left = details(&endpoint);
        assert_eq!(
            (&left["stage"], &left["dialogs"][1]["closedBy"]),
            (&json!("CLOSE"), &json!("CONSUMER"))
        );
        assert_eq!(driver.conversation()["dialogs"].as_array().map(Vec::len), Some(2));
        until(|| driver.sandbox.pending(&driver.account.id) == 0);
        assert_eq!(endpoint.rest(), 0, "nothing more is asked");
    }
}

#[test]
fn an_agent_reads_it_and_does_not_speak_in_it() {
    let (driver, endpoint) = scene();
    let id = open(&driver, &["MULTI_DIALOG"]);
    let joined = driver.sandbox.act_as_agent(&driver.account.id, &id, &json!({"join": true}));
    driver.send(&close(&id));
    let over = [0, 1, 2].map(|_| details(&endpoint))[2].clone();
    let present = ["ASSIGNED_AGENT", "CONSUMER", "AGENT", "READER", "CONTROLLER"];
    assert_eq!(roles(&over["participants"]), present);
    assert_eq!(over["participants"][3]["id"], joined["agentId"], "the agent");
    let [main, survey] = [0, 1].map(|place| roles(&over["dialogs"][place]["participantsDetails"]));
    assert_eq!(main, ["ASSIGNED_AGENT", "CONSUMER"]);
    assert_eq!(survey, ["CONSUMER", "AGENT", "READER"]);
    let path = format!("/accounts/{}/conversations/{id}/agent", driver.account.id);
    for step in [json!({"say": "Hello"}), json!({"type": true}), json!({"note": "odd"})] {
        assert_eq!(control("POST", &path, &step).status, 409, "{step}");
    }
    assert_eq!(driver.conversation()["events"].as_array().map(Vec::len), Some(1));
    assert_eq!(control("POST", &path, &json!({"close": true})).status, 200);
    assert_eq!(driver.conversation()["stage"], "CLOSE");
}

#[test]
fn an_echo_does_not_answer_in_it() {
    let (driver, _endpoint) = scene();
    driver.sandbox.set_agent(&driver.account.id, Some(Agent::Echo));
    let id = open(&driver, &["MULTI_DIALOG"]);
    until(|| driver.conversation()["participants"][0]["role"] == "ASSIGNED_AGENT");
    driver.send(&close(&id));
    let survey = driver.conversation()["dialogs"][1]["dialogId"].clone();
    for message in ["good", "nothing"] {
        driver.send(&text(survey.as_str().expect("an id"), message));
    }
    let events = driver.conversation()["events"].clone();
    let said = events.as_array().expect("events").iter().map(|it| it["event"]["message"].clone());
    assert_eq!(said.collect::<Value>(), json!(["How was it?", "good", "What else?", "nothing"]));
}

#[test]
fn it_is_set_through_the_control_api() {
    let driver = Driver::new();
    let path = format!("/accounts/{}/survey", driver.account.id);
    let set = |body: Value| control("PUT", &path, &body);
    assert_eq!(set(json!({"questions": questions()})).json(), json!({}));
    let id = open(&driver, &["MULTI_DIALOG"]);
    driver.send(&close(&id));
    assert_eq!(driver.conversation()["stage"], "OPEN");
    assert_eq!(set(json!({"survey": "none"})).json(), json!({}));
    for wrong in [
        json!({}),
        json!({"survey": "some"}),
        json!({"survey": "none", "questions": []}),
        json!({"questions": []}),
        json!({"questions": "x"}),
        json!({"questions": ["x"]}),
        json!({"questions": [{"text": 5}]}),
        json!({"questions": [{"text": "a", "quickReplies": "b"}]}),
        json!({"questions": [{"text": "a", "quickReplies": [5]}]}),
        json!({"questions": [{"text": "a", "replies": []}]}),
    ] {
        let reply = set(wrong.clone());
        assert_eq!(reply.status, 400, "{wrong}");
        assert!(reply.json()["error"].is_string(), "{wrong}");
    }
    let named = set(json!({"questions": [{"text": "a"}, {"txt": "b"}]}));
    assert!(named.text.contains("question 2") && named.text.contains("txt"), "{}", named.text);
    assert_eq!(control("PUT", "/accounts/nobody/survey", &json!({"survey": "none"})).status, 404);
    assert_eq!(control("POST", &path, &json!({"survey": "none"})).status, 405);
}
