//! Opening, sending, closing: what goes over the wire, and what comes back.

use lpc_sandbox::{Route, Survey};
use lpconnector::{AttachOptions, Feature, OpenOptions, Status};
use serde_json::json;

use crate::scene::{Scene, json};

#[test]
fn a_conversation_is_opened_used_and_closed() {
    let scene = Scene::new();
    let consumer = scene.consumer();
    let conversation = consumer.open(&OpenOptions::new().first_message("Hi")).unwrap();
    assert_eq!(conversation.dialog_id(), conversation.id());
    let response = conversation.send_text("I need a hand 👍\u{2028}\"\\\n").unwrap();
    assert_eq!(response.http_status(), 200);
    assert_eq!((response.code(), response.sequence()), ("OK", Some(1)));
    assert_eq!(response.attempts(), 1);
    conversation.close().unwrap();

    assert_eq!(scene.texts(), ["Hi", "I need a hand 👍\u{2028}\"\\\n"]);
    let held = &scene.sandbox.conversations(&scene.account.id)[0];
    assert_eq!(held["state"], "CLOSE");
    assert_eq!(conversation.send_text("too late").unwrap_err().status(), Status::Closed);
    assert_eq!(conversation.close().unwrap_err().status(), Status::Closed);
    assert_eq!(scene.requests_on(Route::Send).len(), 2, "nothing was sent after the close");
}

#[test]
fn every_request_is_exactly_as_the_protocol_wants_it() {
    let scene = Scene::with(&[("user.agent", "acme/7")]);
    let account = &scene.account.id;
    let conversation = scene.consumer().open(&OpenOptions::new().first_message("Hi")).unwrap();
    conversation.send_text("x").unwrap();

    let requests = scene.requests();
    let routes: Vec<Route> = requests.iter().map(|request| request.route).collect();
    let expected = [Route::Domain, Route::Token, Route::Consumer, Route::Conversation, Route::Send];
    assert_eq!(routes, expected);
    let [domain, token, consumer, opened, sent] = requests.try_into().unwrap();

    assert_eq!(domain.method, "GET");
    assert_eq!(domain.path, format!("/api/account/{account}/service/baseURI.json?version=1.0"));
    assert_eq!(domain.header("authorization"), None);
    assert_eq!(domain.header("content-length"), None);

    assert_eq!(token.method, "POST");
    assert_eq!(
        token.path,
        format!("/sentinel/api/account/{account}/app/token?v=1.0&grant_type=client_credentials")
    );
    assert_eq!(token.header("content-type"), Some("application/x-www-form-urlencoded"));
    let (id, secret) = (&scene.account.client_id, &scene.account.client_secret);
    assert!(token.body == format!("client_id={id}&client_secret={secret}").into_bytes());

    assert_eq!(consumer.path, format!("/api/account/{account}/consumer?v=1.0"));
    assert_eq!(consumer.header("content-type"), Some("application/json"));
    assert_eq!(json(&consumer), json!({"ext_consumer_id": "John_Doe_facebook12345"}));
    let app_jwt = consumer.header("authorization").unwrap();
    assert!(app_jwt.starts_with("eyJ"), "the bare token");

    let jws = conversation_jws(&scene);
    for (request, end) in [(&opened, ""), (&sent, "/send")] {
        assert_eq!(request.method, "POST");
        let path = format!("/api/account/{account}/messaging/consumer/conversation{end}?v=3");
        assert_eq!(request.path, path);
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert!(request.header("authorization") == Some(app_jwt));
        assert!(request.header("x-lp-on-behalf") == Some(jws.as_str()));
        let agent = concat!("lpconnector/", env!("CARGO_PKG_VERSION"), " acme/7");
        assert_eq!(request.header("user-agent"), Some(agent));
    }
    assert_eq!(json(&opened)[1]["body"], json!({"brandId": account, "channelType": "MESSAGING"}));
    let body = &json(&sent)["body"];
    assert_eq!([&body["conversationId"], &body["dialogId"]], [conversation.id(); 2]);
}

fn conversation_jws(scene: &Scene) -> String {
    scene.consumer().jws().unwrap().to_owned()
}

#[test]
fn a_handle_can_be_attached_to_a_conversation_or_to_its_survey() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let consumer = scene.consumer();
    let same = consumer.attach(conversation.id(), &AttachOptions::new()).unwrap();
    same.send_text("by another handle").unwrap();
    let survey = scene.sandbox.open_survey(&scene.account.id, conversation.id());
    let survey = consumer
        .attach(conversation.id(), &AttachOptions::new().dialog_id(survey.as_str()))
        .unwrap();
    assert_ne!(survey.dialog_id(), survey.id());
    survey.send_text("5 stars").unwrap();
    let sent = scene.requests_on(Route::Send);
    let body = &json(&sent[1])["body"];
    assert_eq!(body["dialogId"], survey.dialog_id());
    assert_eq!(body["conversationId"], conversation.id());
    for (id, options) in [("", AttachOptions::new()), ("c", AttachOptions::new().dialog_id(""))] {
        let error = consumer.attach(id, &options).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
    }
}

#[test]
fn raw_json_goes_out_byte_for_byte_and_its_answer_is_matched() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let consumer = scene.consumer();
    for (id, text) in [("5", "5"), ("\"1,\"", "1,"), ("\"é\\u0041\"", "éA")] {
        let raw = format!(
            r#" {{"kind":"req" , "id":{id},"type":"ms.PublishEvent","body":{{"dialogId":"{}","event":{{"type":"ContentEvent","contentType":"text/plain","message":"raw"}}}}}}"#,
            conversation.id()
        );
        let response = consumer.send_json(raw.as_bytes()).unwrap();
        assert_eq!(response.request_id(), text);
        assert_eq!(scene.requests_on(Route::Send).last().unwrap().body, raw.trim().as_bytes());
    }
    let none = r#"{"kind":"req","type":"ms.PublishEvent","body":{}}"#;
    let refused = consumer.send_json(none.as_bytes()).unwrap_err();
    assert_eq!(refused.status(), Status::Rejected);
    assert!(!refused.request_id().is_empty(), "a missing id was filled in");
}

#[test]
fn a_raw_batch_opens_a_conversation() {
    let scene = Scene::new();
    let batch = json!([
        {"kind": "req", "id": 1, "type": "userprofile.SetUserProfile", "body": {"firstName": "J"}},
        {"kind": "req", "type": "cm.ConsumerRequestConversation", "body": {"brandId": scene.account.id}},
    ]);
    let response = scene.consumer().batch_json(batch.to_string().as_bytes()).unwrap();
    assert_eq!((response.request_id(), response.code()), ("1", "OK"));
    assert_eq!(response.sequence(), None);
    let answers: serde_json::Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(answers[0]["reqId"], "1");
    assert!(answers[1]["body"]["conversationId"].is_string());
}

#[test]
fn the_sequence_is_handed_on_as_it_comes() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let raw = format!(
        r#"{{"kind":"req","id":"same","type":"ms.PublishEvent","body":{{"dialogId":"{}","event":{{"type":"ContentEvent","contentType":"text/plain","message":"again"}}}}}}"#,
        conversation.id()
    );
    let send = || scene.consumer().send_json(raw.as_bytes()).unwrap().sequence();
    assert_eq!([send(), send(), send()], [Some(0), Some(1), Some(2)]);
}

#[test]
fn a_refused_first_message_names_the_conversation_that_was_opened() {
    let scene = Scene::new();
    let consumer = scene.consumer();
    let batch = json!([
        {"kind": "req", "id": "a", "type": "userprofile.SetUserProfile", "body": {}},
        {"kind": "req", "id": "b", "type": "cm.ConsumerRequestConversation", "body": {"brandId": scene.account.id}},
        {"kind": "req", "id": "c", "type": "ms.PublishEvent", "body": {"dialogId": "", "event": {}}},
    ]);
    let error = consumer.batch_json(batch.to_string().as_bytes()).unwrap_err();
    assert_eq!((error.status(), error.http_status()), (Status::Rejected, 200));
    assert_eq!(error.request_id(), "c");
    let held = scene.sandbox.conversations(&scene.account.id);
    let id = held[0]["id"].as_str().unwrap();
    assert!(error.message().contains(&format!("conversation {id} was opened, but")), "{error}");
    consumer.attach(id, &AttachOptions::new()).unwrap().send_text("so go on").unwrap();
}

#[test]
fn one_connection_serves_one_thread() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    for n in 0..10 {
        conversation.send_text(&n.to_string()).unwrap();
    }
    let mut connections: Vec<u64> = scene.requests().iter().map(|r| r.connection).collect();
    connections.dedup();
    assert_eq!(connections.len(), 1, "{connections:?}");
}

#[test]
fn a_survey_that_runs_keeps_the_conversation_open_until_close_stage_ends_it() {
    let scene = Scene::new();
    let questions = serde_json::json!([{"text": "Was it good?"}]);
    let survey = Survey::new(&questions).unwrap();
    scene.sandbox.set_survey(&scene.account.id, Some(survey));
    let consumer = scene.consumer();
    let options = OpenOptions::new().features(vec![Feature::MultiDialog]);
    let conversation = consumer.open(&options).unwrap();
    conversation.close().unwrap();
    let error = consumer.open(&options).unwrap_err();
    assert_eq!(error.status(), Status::AlreadyOpen);
    assert!(error.message().contains("a survey that still runs included"), "{error}");
    conversation.close_stage().unwrap();
    consumer.open(&options).unwrap();
}
