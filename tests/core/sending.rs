//! What a consumer can do beyond text. The exact requests are in the vectors; here is what spans
//! more than one call.

use lpc_sandbox::Route;
use lpconnector::{
    AcceptStatus, AttachOptions, Attachment, ChatState, Client, ClientProperties, CsatStatus,
    Event, Feature, Metadata, OpenOptions, Personal, Profile, Status, Ttr,
};
use serde_json::{Value, json};

use crate::scene::{Scene, json};

#[test]
fn everything_can_be_sent_and_the_service_takes_it() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    conversation.send_chat_state(ChatState::Composing).unwrap();
    conversation.send_chat_state(ChatState::Pause).unwrap();
    let card = r#"{"type":"vertical","elements":[{"type":"text","text":"Hi"}]}"#;
    conversation.send_rich_content(card, None).unwrap();
    conversation.send_accept_status(AcceptStatus::Read, &[0], None).unwrap();
    let metadata = Metadata::new().external_id("sms-4711");
    conversation.send_event(&Event::text("with an id"), Some(&metadata)).unwrap();
    conversation.set_profile(&Profile::new().personal(Personal::new().first_name("J"))).unwrap();
    let sent = scene.requests_on(Route::Send);
    assert_eq!(json(&sent[4])["metadata"], json!([{"type": "ExternalId", "id": "sms-4711"}]));
    conversation.close().unwrap();
    // A rating comes at the end; what else is sent does not go out any more.
    conversation.rate(5, true, CsatStatus::Filled).unwrap();
    let closed = conversation.send_chat_state(ChatState::Gone).unwrap_err();
    assert_eq!(closed.status(), Status::Closed);
}

#[test]
fn a_survey_dialog_is_answered_and_closed() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    let dialog = scene.sandbox.open_survey(&scene.account.id, conversation.id());
    let survey = scene
        .consumer()
        .attach(conversation.id(), &AttachOptions::new().dialog_id(dialog.as_str()))
        .unwrap();
    survey.send_text("Yes").unwrap();
    survey.close_dialog(&dialog).unwrap();
    let change = &json(scene.requests_on(Route::Send).last().unwrap())["body"];
    assert_eq!(change["conversationId"], conversation.id());
    assert_eq!(change["conversationField"]["dialog"]["dialogId"], dialog.as_str());
    assert_eq!(survey.send_text("more").unwrap_err().status(), Status::Closed);
}

#[test]
fn no_call_sends_what_the_protocol_does_not_document() {
    let scene = Scene::new();
    let personal = Personal::new().first_name("J");
    let options = OpenOptions::new()
        .profile(Profile::new().personal(personal.clone()))
        .skill_id("-1")
        .ttr(Ttr::Urgent)
        .first_message("Hi");
    let conversation = scene.consumer().open(&options).unwrap();
    conversation.send_text("a text").unwrap();
    let metadata = Metadata::new().external_id("sms-4711");
    conversation.send_event(&Event::text("with an id"), Some(&metadata)).unwrap();
    let card = r#"{"type":"vertical","elements":[{"type":"text","text":"Hi"}]}"#;
    conversation.send_rich_content(card, None).unwrap();
    let picture = b"\x89PNG\r\n\x1a\n picture";
    let file = Attachment::from_bytes(picture, "PNG").caption("A").preview_from_bytes(picture);
    conversation.send_file(&file).unwrap();
    let sent = json(scene.requests_on(Route::Send).last().unwrap())["body"]["event"].clone();
    let directory = tempfile::tempdir().unwrap();
    let path = sent["message"]["relativePath"].as_str().unwrap();
    conversation.download_file(path, &directory.path().join("picture")).unwrap();
    use ChatState::{Active, Composing, Gone, Inactive, Pause};
    for state in [Active, Inactive, Gone, Composing, Pause] {
        conversation.send_chat_state(state).unwrap();
    }
    use AcceptStatus::{Accept, Access, Action, Nack, Read};
    for status in [Accept, Read, Access, Nack, Action] {
        conversation.send_accept_status(status, &[0], None).unwrap();
    }
    conversation.set_profile(&Profile::new().personal(personal)).unwrap();
    for ttr in [Ttr::Normal, Ttr::Urgent, Ttr::Prioritized, Ttr::Custom] {
        conversation.set_ttr(ttr, Some(60)).unwrap();
    }
    for status in [CsatStatus::Filled, CsatStatus::PartiallyFilled, CsatStatus::Skipped] {
        conversation.rate(5, true, status).unwrap();
    }
    conversation.close().unwrap();
    scene.another_conversation().close_stage().unwrap();
    let by_dialog = scene.another_conversation();
    by_dialog.close_dialog(by_dialog.dialog_id()).unwrap();
    assert_eq!(scene.sandbox.oddities(&scene.account.id), [""; 0]);
}

fn properties(scene: &Scene, route: Route) -> Vec<Option<Value>> {
    let parse = |text: &str| serde_json::from_str(text).unwrap();
    let requests = scene.requests_on(route);
    requests.iter().map(|request| request.header("client-properties").map(parse)).collect()
}

#[test]
fn client_properties_go_with_every_request_of_the_conversation() {
    let scene = Scene::with(&[
        ("client.properties", r#"{"appId":"kiosk","os":"LINUX"}"#),
        ("features", "RICH_CONTENT"),
    ]);
    let own = ClientProperties::new().os("ANDROID");
    let options = OpenOptions::new().client_properties(own).features(vec![Feature::AutoMessages]);
    let conversation = scene.consumer().open(&options).unwrap();
    conversation.send_text("1").unwrap();
    conversation.close().unwrap();
    let expected = json!({"type": ".ClientProperties", "appId": "kiosk", "os": "ANDROID",
        "features": ["AUTO_MESSAGES"]});
    assert_eq!(properties(&scene, Route::Conversation), [Some(expected.clone())]);
    assert_eq!(properties(&scene, Route::Send), [Some(expected.clone()), Some(expected)]);
    // Another conversation of the client has what the client has.
    scene.another_conversation();
    let of_client = json!({"type": ".ClientProperties", "appId": "kiosk", "os": "LINUX",
        "features": ["RICH_CONTENT"]});
    assert_eq!(properties(&scene, Route::Conversation)[1], Some(of_client));
    let none = Scene::new();
    none.conversation();
    assert_eq!(properties(&none, Route::Conversation), [None]);
}

#[test]
fn bad_options_of_a_client_are_refused_with_what_is_allowed() {
    let scene = Scene::new();
    for (key, value, says) in [
        ("features", "AUTO_MESSAGES,,CO_APP", "the name of a feature is empty"),
        ("client.properties", "[]", "is not a JSON object"),
        ("file.max.bytes", "0", "from 1"),
    ] {
        let mut config = scene.config(&[]);
        let error = config.set(key, value).unwrap_err();
        assert_eq!(error.status(), Status::Config);
        assert!(error.message().contains(says), "{error}");
        assert!(Client::new(&config).is_ok());
    }
}

#[test]
fn what_is_out_of_range_is_not_sent() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    for stars in [0, 6, 255] {
        let error = conversation.rate(stars, true, CsatStatus::Filled).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert!(error.message().contains("allowed: 1 to 5"), "{error}");
    }
    assert!(conversation.close_dialog("").is_err());
    assert!(conversation.send_accept_status(AcceptStatus::Accept, &[], None).is_err());
    assert_eq!(scene.requests_on(Route::Send).len(), 0);
}
