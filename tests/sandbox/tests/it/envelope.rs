//! The envelope of a request, in all the forms in which clients write it.

use lpc_sandbox::serde_json::{Value, json};

use crate::driver::{Driver, Reply, close, event, text};

const BATCH: &str = "/api/account/{account}/messaging/consumer/conversation?v=3";

fn codes(reply: &Reply) -> Vec<Value> {
    let reply = reply.json();
    reply.as_array().expect("an array").iter().map(|item| item["code"].clone()).collect()
}

#[test]
fn kind_may_be_missing_and_more_may_be_there() {
    let driver = Driver::new();
    let mut batch = driver.opening_with(text("", "Hello"));
    for item in batch.as_array_mut().expect("an array") {
        let item = item.as_object_mut().expect("an object");
        item.remove("kind");
        item.insert("headers".to_owned(), json!([{"type": ".ams.headers.ClientProperties"}]));
        item.insert("more".to_owned(), json!(5));
    }
    assert_eq!(codes(&driver.batch(&batch)), ["OK", "OK", "OK"]);
    assert_eq!(driver.conversation()["events"][0]["event"]["message"], "Hello");
}

#[test]
fn ids_may_repeat() {
    let driver = Driver::new();
    let mut batch = driver.opening_with(text("", "Hello"));
    for (item, id) in [json!("1,"), json!("1,"), json!(1)].into_iter().enumerate() {
        batch[item]["id"] = id;
    }
    let reply = driver.batch(&batch);
    assert_eq!(codes(&reply), ["OK", "OK", "OK"]);
    let reply = reply.json();
    let ids: Vec<&Value> = (0..3).map(|item| &reply[item]["reqId"]).collect();
    assert_eq!(ids, ["1,", "1,", "1"]);
    assert!(reply[1]["body"]["conversationId"].is_string(), "in order");
    assert_eq!(reply[2]["body"]["sequence"], 0);
}

#[test]
fn a_skill_may_stand_beside_the_body() {
    let driver = Driver::new();
    for (beside, within, counts) in [
        (json!("12"), None, json!("12")),
        (json!(12), Some(Value::Null), json!(12)),
        (json!("12"), Some(json!("7")), json!("7")),
    ] {
        let mut batch = driver.opening();
        batch[1]["skillId"] = beside.clone();
        if let Some(within) = within {
            batch[1]["body"]["skillId"] = within;
        }
        let driver = driver.with(&counts.to_string());
        assert_eq!(codes(&driver.batch(&batch)), ["OK", "OK"]);
        let last = driver.sandbox.conversations(&driver.account.id).pop().expect("one");
        assert_eq!(last["skillId"], counts);
    }
}

#[test]
fn a_type_may_have_another_namespace() {
    let driver = Driver::new();
    let mut batch = driver.opening_with(text("", "Hello"));
    batch[0]["type"] = json!(".ams.userprofile.SetUserProfile");
    batch[1]["type"] = json!(".ams.cm.ConsumerRequestConversation");
    batch[2]["type"] = json!(".ams.ms.PublishEvent");
    assert_eq!(codes(&driver.batch(&batch)), ["OK", "OK", "OK"]);
    let id = driver.conversation()["id"].as_str().expect("an id").to_owned();
    let mut closing = close(&id);
    closing["type"] = json!("ams.cm.UpdateConversationField");
    assert_eq!(driver.send(&closing).status, 200);
    for other in ["xms.PublishEvent", "PublishEvent", ".ams.ms.PublishEvent2", ".ams.ms.Other"] {
        let mut message = text(&id, "Hello");
        message["type"] = json!(other);
        let reply = driver.send(&message);
        assert_eq!(reply.json()["body"]["title"], "Unknown type", "{other}");
    }
}

#[test]
fn an_array_of_one_is_that_one() {
    let driver = Driver::new();
    let id = driver.open();
    let reply = driver.send(&json!([text(&id, "Hello")]));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!([{"code": "OK", "body": {"sequence": 0}, "reqId": "7"}]));

    // To the address of the batch.
    let reply = driver.batch(&json!([text(&id, "Again")]));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!([{"code": "OK", "body": {"sequence": 1}, "reqId": "7"}]));
    let reply = driver.batch(&json!([close(&id)]));
    assert_eq!((reply.status, codes(&reply)), (200, vec![json!("OK")]));
    assert_eq!(driver.conversation()["state"], "CLOSE");

    let message = json!([text(&id, "Too late")]);
    for refused in [driver.send(&message), driver.batch(&message)] {
        assert_eq!(refused.status, 400);
        assert_eq!(refused.json()["body"], "Bad Request, Conversation is close");
    }
    let path = "/api/account/{account}/messaging/consumer/conversation/send?v=3";
    for path in [path, BATCH] {
        let request = json!([driver.opening()[1]]).to_string();
        assert_eq!(driver.try_post(path, request.as_bytes()).expect("an answer").status, 400);
    }
}

#[test]
fn a_secure_form_is_answered() {
    let driver = Driver::new();
    let id = driver.open();
    let token = |body: Value| {
        let request = json!({"kind": "req", "id": 4, "type": "ms.GenerateUploadToken",
                             "body": body});
        driver.send(&request)
    };
    let uploadable = json!({"formId": "f", "invitationId": "i", "type": "SecureForm",
                            "dialogId": id});
    let reply = token(json!({"uploadable": uploadable}));
    assert_eq!(reply.status, 200);
    let reply = reply.json();
    assert_eq!((&reply["code"], &reply["reqId"]), (&json!("OK"), &json!("4")));
    assert!(reply["body"]["token"].as_str().is_some_and(|token| !token.is_empty()));
    for wrong in [json!({}), json!({"uploadable": "f"})] {
        assert_eq!(token(wrong.clone()).status, 400, "{wrong}");
    }
    let submission = json!({"type": "ContentEvent", "contentType": "forms/secure-submission",
                            "message": {"submissionId": "s", "invitationId": "i"}});
    assert_eq!(driver.send(&event(&id, submission.clone())).status, 200);
    assert_eq!(driver.conversation()["events"][0]["event"], submission);
    let transcript = driver.sandbox.transcript(&driver.account.id);
    assert!(transcript.contains("content forms/secure-submission\n"), "{transcript}");
}
