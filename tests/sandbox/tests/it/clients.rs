//! Request sequences as public clients of the Connector API send them, with all their habits.

use lpc_sandbox::serde_json::{self, Value, json};

use crate::driver::{Driver, Reply, agent, call, shared};

/// A client that knows nothing but the Domain API and the credentials.
struct Client {
    agent: ureq::Agent,
    account: lpc_sandbox::Account,
}

impl Client {
    fn new() -> Client {
        Client { agent: agent(), account: shared().new_account() }
    }

    fn url(&self, domain: &Value, path: &str) -> String {
        let path = path
            .replace("{account}", &self.account.id)
            .replace("{id}", &self.account.client_id)
            .replace("{secret}", &self.account.client_secret);
        format!("http://{}{path}", domain.as_str().expect("a domain"))
    }

    fn domains(&self, path: &str) -> Value {
        let path = path.replace("{account}", &self.account.id);
        let url = format!("{}{path}", shared().url());
        let reply = call(&self.agent, "GET", &url, &[], &[]).expect("an answer");
        assert_eq!(reply.status, 200);
        reply.json()
    }

    fn post(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let reply = call(&self.agent, "POST", url, headers, body.as_bytes()).expect("an answer");
        assert!((200..300).contains(&reply.status), "{} {}", reply.status, reply.text);
        reply
    }
}

/// A bot that hands over to an agent: one service at a time, all credentials in the query with an
/// empty form, indented JSON, ids with a comma, and the same id for every message.
#[test]
fn a_bot_hands_over() {
    let client = Client::new();
    let domain = |service: &str| {
        let path = format!("/api/account/{{account}}/service/{service}/baseURI.json?version=1.0");
        client.domains(&path)["baseURI"].clone()
    };
    let form = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    let json_type = "application/json; charset=utf-8";

    let url = client.url(
        &domain("sentinel"),
        "/sentinel/api/account/{account}/app/token?v=1.0&grant_type=client_credentials\
         &client_id={id}&client_secret={secret}",
    );
    let token = client.post(&url, &form, "").json();
    let app_jwt = token["access_token"].as_str().expect("a token");

    let url = client.url(&domain("idp"), "/api/account/{account}/consumer?v=1.0");
    let headers = [("Content-Type", json_type), ("Authorization", app_jwt)];
    let token = client.post(&url, &headers, r#"{"ext_consumer_id":"dl_17:user"}"#).json();
    let consumer_jws = token["token"].as_str().expect("a token");

    let headers =
        [("Content-Type", json_type), ("Authorization", app_jwt), ("X-LP-ON-BEHALF", consumer_jws)];
    let messaging = domain("asyncMessagingEnt");
    let pretty = |value: Value| serde_json::to_string_pretty(&value).expect("JSON");
    let batch = json!([
        {"kind": "req", "id": "1,", "type": "userprofile.SetUserProfile",
         "body": {"authenticatedData": {"lp_sdes": [
            {"type": "ctmrinfo", "info": {"socialId": "1234567890", "ctype": "vip"}},
            {"type": "personal", "personal": {"firstname": "User42"}},
         ]}}},
        {"kind": "req", "id": "2,", "type": "cm.ConsumerRequestConversation",
         "body": {"brandId": client.account.id}},
    ]);
    let url = client.url(&messaging, "/api/account/{account}/messaging/consumer/conversation?v=3");
    let opened = client.post(&url, &headers, &pretty(batch)).json();
    let conversation_id = opened
        .as_array()
        .expect("an array")
        .iter()
        .find_map(|response| response["body"]["conversationId"].as_str())
        .expect("a conversation");

    let url =
        client.url(&messaging, "/api/account/{account}/messaging/consumer/conversation/send?v=3");
    for text in ["From user: hello", "From user: is anybody there?"] {
        let message = json!({"kind": "req", "id": "1", "type": "ms.PublishEvent", "body": {
            "dialogId": conversation_id,
            "event": {"type": "ContentEvent", "contentType": "text/plain", "message": text},
        }});
        let reply = client.post(&url, &headers, &pretty(message)).json();
        // It reads the number into a 32-bit integer.
        let sequence = reply["body"]["sequence"].as_i64().expect("a number");
        assert!(i32::try_from(sequence).is_ok());
    }
    let held = shared().conversations(&client.account.id);
    assert_eq!(held[0]["events"][1]["event"]["message"], "From user: is anybody there?");
}

/// A test driver for bots: all services at once and without ".json", credentials in the form, no
/// version at IDP, a random id for each request, Client-Properties that are no JSON, and none when
/// it closes.
#[test]
fn a_test_driver_talks_to_a_bot() {
    let client = Client::new();
    let domains = client.domains("/api/account/{account}/service/baseURI?version=1.0");
    let domain = |service: &str| {
        let entries = domains["baseURIs"].as_array().expect("a list");
        let entry = entries.iter().find(|entry| entry["service"] == service).expect("the service");
        entry["baseURI"].clone()
    };

    let url = client.url(
        &domain("sentinel"),
        "/sentinel/api/account/{account}/app/token?v=1.0&grant_type=client_credentials",
    );
    let form = format!(
        "client_id={}&client_secret={}",
        client.account.client_id, client.account.client_secret
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let token = client.post(&url, &headers, &form).json();
    let app_jwt = token["access_token"].as_str().expect("a token");

    let url = client.url(&domain("idp"), "/api/account/{account}/consumer");
    let headers = [("content-type", "application/json"), ("authorization", app_jwt)];
    let token = client.post(&url, &headers, r#"{"ext_consumer_id":"4711081500"}"#).json();
    let consumer_jws = token["token"].as_str().expect("a token");

    let with_properties = [
        ("content-type", "application/json"),
        ("authorization", app_jwt),
        ("X-LP-ON-BEHALF", consumer_jws),
        ("Client-Properties", "[object Object]"),
    ];
    let batch = json!([
        {"kind": "req", "id": "10203040", "type": "userprofile.SetUserProfile",
         "body": {"firstName": "tester", "role": "consumer"}},
        {"kind": "req", "id": "50607080", "type": "cm.ConsumerRequestConversation",
         "body": {"brandId": client.account.id, "conversationContext": {
            "visitorId": "visitor", "sessionId": "session", "interactionContextId": "2",
            "type": "SharkContext", "lang": "en-US"}}},
    ]);
    let messaging = domain("asyncMessagingEnt");
    let url = client.url(&messaging, "/api/account/{account}/messaging/consumer/conversation?v=3");
    let opened = client.post(&url, &with_properties, &batch.to_string()).json();
    let opened = opened.as_array().expect("an array");
    let response = opened.iter().find(|response| response["reqId"] == "50607080");
    let conversation_id = response.expect("the response")["body"]["conversationId"].clone();

    let url =
        client.url(&messaging, "/api/account/{account}/messaging/consumer/conversation/send?v=3");
    let message = json!({"kind": "req", "id": "9081726354", "type": "ms.PublishEvent", "body": {
        "dialogId": conversation_id,
        "event": {"type": "ContentEvent", "contentType": "text/plain", "message": "order pizza"},
    }});
    client.post(&url, &with_properties, &message.to_string());

    let close = json!({"kind": "req", "id": "11223344", "type": "cm.UpdateConversationField",
        "body": {"conversationId": conversation_id, "conversationField": {
            "field": "ConversationStateField", "conversationState": "CLOSE"}}});
    client.post(&url, &with_properties[..3], &close.to_string());
    assert_eq!(shared().conversations(&client.account.id)[0]["state"], "CLOSE");
}

/// The vendor's own sample: numbers as ids, the conversation beside the dialog, and the dialog
/// closed alone.
#[test]
fn the_vendors_sample_uploads_and_closes() {
    let driver = Driver::new();
    let batch = json!([
        {"kind": "req", "id": "2,", "type": "userprofile.SetUserProfile", "body": {
            "firstName": "WEB UI USER", "lastName": "", "avatarUrl": "http://avatar.example",
            "role": "consumer", "backgndImgUri": "http://image.example", "description": "Test",
            "privateData": {"mobileNum": "1750345346", "mail": "test@example.com",
                "pushNotificationData": {"serviceName": "Service", "certName": "CertName",
                                         "token": "TOKEN"}}}},
        {"kind": "req", "id": "1,", "type": "cm.ConsumerRequestConversation", "body": {
            "ttrDefName": "CUSTOM", "campaignInfo": {"campaignId": 3, "engagementId": 4},
            "channelType": "MESSAGING", "brandId": driver.account.id, "skillId": "-1",
            "conversationContext": {"type": "CustomContext", "clientProperties": {
                "type": ".ClientProperties", "features": ["PHOTO_SHARING"]}}}},
    ]);
    let reply = driver.batch(&batch).json();
    assert_eq!((&reply[0]["code"], &reply[1]["code"]), (&json!("OK"), &json!("OK")));
    let id = reply[1]["body"]["conversationId"].clone();

    let upload = json!({"kind": "req", "id": 3, "body": {"fileSize": "1000", "fileType": "PNG"},
                        "type": "ms.GenerateURLForUploadFile"});
    let url = driver.send(&upload).json()["body"].clone();
    assert_eq!(driver.store("PUT", &url, &[], &[0; 1000]).status, 201);
    let path = url["relativePath"].clone();
    let event = |event: Value| {
        json!({"kind": "req", "id": "3", "type": "ms.PublishEvent",
               "body": {"dialogId": id, "conversationId": id, "event": event}})
    };
    let file = json!({"type": "ContentEvent", "contentType": "hosted/file", "message": {
        "caption": "", "relativePath": path, "fileType": "PNG",
        "preview": "data:image/jpeg;base64,/9j/4AAQSkZJRg=="}});
    let change = json!({"kind": "req", "id": "2", "type": "cm.UpdateConversationField", "body": {
        "conversationId": id, "conversationField": {"field": "DialogChange", "type": "UPDATE",
            "dialog": {"dialogId": id, "state": "CLOSE", "closedCause": "Closed by consumer"}}}});
    for request in [
        event(file),
        event(json!({"type": "ChatStateEvent", "chatState": "COMPOSING"})),
        event(json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": [0]})),
        change,
    ] {
        assert_eq!(driver.send(&request).status, 200, "{request}");
    }
    assert_eq!(driver.conversation()["state"], "CLOSE");
}
