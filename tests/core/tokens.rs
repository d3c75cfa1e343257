//! AppJWT and ConsumerJWS: obtained, read, kept, given.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lpc_sandbox::Route;
use lpconnector::{Client, LogLevel, OpenOptions, Status};
use serde_json::{Value, json};

use crate::scene::{Scene, until};

#[test]
fn v2_tokens_come_from_their_own_address() {
    let scene = Scene::with(&[("token.api.version", "2")]);
    scene.conversation();
    let token = &scene.requests_on(Route::Token)[0];
    assert_eq!(token.path, format!("/sentinel/api/v2/account/{}/app/token", scene.account.id));
    assert!(token.body.ends_with(b"&grant_type=client_credentials"));
    // Without it the body would be no form, to a server that goes by that.
    assert_eq!(token.header("content-type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn a_token_is_used_until_it_is_close_to_its_end() {
    let scene = Scene::with(&[("token.refresh.margin.ms", "60000")]);
    scene.conversation();
    scene.another_conversation();
    assert_eq!(scene.requests_on(Route::Token).len(), 1, "an hour is left");

    // One that lives shorter than the margin is not replaced at each use.
    let scene = Scene::with(&[("token.refresh.margin.ms", "60000")]);
    scene.sandbox.set_token_lifetime(&scene.account.id, Duration::from_secs(59));
    scene.conversation().send_text("x").unwrap();
    assert_eq!(scene.requests_on(Route::Token).len(), 1);

    // Half of its life is the most that a margin takes.
    let scene = Scene::with(&[("token.refresh.margin.ms", "60000")]);
    scene.sandbox.set_token_lifetime(&scene.account.id, Duration::from_secs(2));
    let conversation = scene.conversation();
    until(|| {
        conversation.send_text("x").unwrap();
        (scene.requests_on(Route::Token).len() > 1).then_some(())
    });
}

#[test]
fn the_end_of_a_token_is_read_from_the_token_alone() {
    let scene = Scene::new();
    let jwt = scene.sandbox.issue_app_jwt(&scene.account.id, 600, &[]);
    let answer = json!({"access_token": jwt, "token_type": "Bearer", "expires_in": 999_999});
    scene.answer_with(Route::Token, 200, &answer.to_string());
    assert!(life_of_the_token(&scene) <= 600);
}

/// The seconds that a client says the token which it obtains will live.
pub fn life_of_the_token(scene: &Scene) -> u64 {
    let lives = Arc::new(Mutex::new(Vec::new()));
    let mut config = scene.config(&[]);
    let heard = lives.clone();
    config.set_log(LogLevel::Info, move |_, line| {
        if let Some((_, life)) = line.split_once("it is valid for ") {
            heard.lock().unwrap().push(life.split(' ').next().unwrap().parse().unwrap());
        }
    });
    Client::new(&config).unwrap().consumer("x").unwrap().jws().unwrap();
    lives.lock().unwrap()[0]
}

#[test]
fn a_token_answer_that_cannot_be_used_never_shows_the_token() {
    let scene = Scene::new();
    let endless = scene.sandbox.issue_app_jwt(&scene.account.id, 60, &[("exp", Value::Null)]);
    for answer in [
        json!({"access_token": endless}).to_string(),
        json!({"access_token": "s3cr3t.s3cr3t.s3cr3t"}).to_string(),
        json!({"access_token": "s3cr3t\r\nX-Evil: 1"}).to_string(),
        json!({"acces_token": "s3cr3t"}).to_string(),
        "s3cr3t".to_owned(),
    ] {
        scene.answer_with(Route::Token, 200, &answer);
        scene.ask_again();
        let error = scene.open().unwrap_err();
        assert_eq!(error.status(), Status::Protocol);
        let shown = format!("{error} {error:?} {}", String::from_utf8_lossy(error.body()));
        assert!(!shown.contains("s3cr3t") && !shown.contains(&endless));
    }
    scene.ask_again();
    scene.conversation();
}

#[test]
fn without_credentials_nothing_is_asked_of_anybody() {
    let other = Scene::new();
    let jws = other.consumer().jws().unwrap().to_owned();
    let scene = Scene::with(&[("client.id", ""), ("client.secret", "")]);
    let known = scene.client.consumer_from_jws(&jws).unwrap();
    for error in [
        scene.consumer().jws().unwrap_err(),
        scene.open().unwrap_err(),
        known.open(&OpenOptions::new()).unwrap_err(),
        known.send_json(b"{}").unwrap_err(),
    ] {
        assert_eq!((error.status(), error.attempts()), (Status::Config, 0));
        assert!(error.message().contains("client.id and client.secret, or app.jwt"), "{error}");
    }
    assert_eq!(scene.requests().len(), 0);
}

#[test]
fn a_wrong_secret_is_unauthorized_and_never_shown() {
    let scene = Scene::with(&[("client.secret", "wr0ng s3cret&=")]);
    let error = scene.open().unwrap_err();
    assert_eq!((error.status(), error.http_status()), (Status::Unauthorized, 401));
    assert_eq!(error.title(), "invalid_client");
    assert!(error.message().starts_with("obtaining an AppJWT: "), "{error}");
    assert!(!format!("{error}{error:?}").contains("wr0ng"));
    // Who comes at once is told the same, and nobody is asked.
    for _ in 0..100 {
        assert_eq!(scene.open().unwrap_err().title(), "invalid_client");
    }
    let asked = scene.requests_on(Route::Token).len();
    assert!(asked < 50, "once a second");
    assert_eq!(scene.client.stats().failures, 101, "each is counted, asked for or told");
}

#[test]
fn what_a_server_echoes_of_our_secrets_is_not_passed_on() {
    let scene = Scene::new();
    let secret = scene.account.client_secret.clone();
    let echo = json!({"error": "invalid_client", "error_description": format!("no: {secret}")});
    scene.answer_with(Route::Token, 401, &echo.to_string());
    let error = scene.open().unwrap_err();
    let shown = |error: &lpconnector::Error| {
        format!("{error} {error:?} {}", String::from_utf8_lossy(error.body()))
    };
    // A message shortens what it quotes: the beginning must not show either.
    let start = |token: &str| token[..token.len() / 4].to_owned();
    assert!(!shown(&error).contains(&secret));
    assert_eq!(error.details(), "no: ***");
    // Nor where JSON hides it from a search.
    let escaped: String = secret.bytes().map(|b| format!("\\u{b:04x}")).collect();
    let echo = format!(r#"{{"error":"invalid_client","error_description":"no: {escaped}"}}"#);
    scene.answer_with(Route::Token, 401, &echo);
    scene.ask_again();
    let error = scene.open().unwrap_err();
    assert!(!shown(&error).contains(&secret) && !shown(&error).contains(&escaped));
    assert_eq!(error.details(), "no: ***");
    scene.ask_again();

    let conversation = scene.conversation();
    let sent = scene.requests_on(Route::Conversation);
    let tokens = ["authorization", "x-lp-on-behalf"].map(|name| sent[0].header(name).unwrap());
    scene.answer_with(Route::Send, 502, &format!("you sent {} and {}", tokens[0], tokens[1]));
    let error = conversation.send_text("x").unwrap_err();
    assert!(tokens.iter().all(|token| !shown(&error).contains(&start(token))));
    assert_eq!(error.body(), b"you sent *** and ***");

    // Nor from an answer that says 200 and cannot be read, or refuses.
    let code = json!({"code": tokens[0], "reqId": "?", "body": {"title": tokens[1]}}).to_string();
    let list = json!([tokens[0], tokens[1]]).to_string();
    for echo in [json!(tokens[0]).to_string(), code, list] {
        scene.answer_with(Route::Send, 200, &echo);
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!(error.status(), Status::Protocol);
        assert!(tokens.iter().all(|token| !shown(&error).contains(&start(token))));
    }
    let raw = format!(r#"{{"kind":"req","id":"7","type":"x","body":"{}"}}"#, conversation.id());
    let refusal = json!({"code": tokens[0], "reqId": "7", "body": {"title": tokens[1]}});
    scene.answer_with(Route::Send, 200, &refusal.to_string());
    let error = scene.consumer().send_json(raw.as_bytes()).unwrap_err();
    assert_eq!((error.status(), error.title()), (Status::Rejected, "***"));
    assert!(tokens.iter().all(|token| !shown(&error).contains(&start(token))));
}

#[test]
fn a_given_token_is_used_as_it_is() {
    let scene = Scene::new();
    let jwt = scene.sandbox.issue_app_jwt(&scene.account.id, 60, &[]);
    let without = [("client.id", ""), ("client.secret", ""), ("app.jwt", jwt.as_str())];
    let client = Client::new(&scene.config(&without)).unwrap();
    client.consumer("x").unwrap().open(&Default::default()).unwrap();
    assert_eq!(scene.requests_on(Route::Token).len(), 0);

    // Whatever is wrong with it: it is the caller's.
    let expired = scene.sandbox.issue_app_jwt(&scene.account.id, -60, &[]);
    client.set_app_jwt(Some(&expired)).unwrap();
    let error = client.consumer("x").unwrap().open(&Default::default()).unwrap_err();
    assert_eq!((error.status(), error.service_code()), (Status::Unauthorized, 40102));
    assert_eq!(scene.requests_on(Route::Token).len(), 0);
    assert_eq!(client.set_app_jwt(Some("")).unwrap_err().status(), Status::InvalidArgument);
    client.set_app_jwt(None).unwrap();
    let error = client.consumer("y").unwrap().jws().unwrap_err();
    assert_eq!(error.status(), Status::Config);
    assert!(error.message().contains("client.secret"), "{error}");
    let asked = scene.requests().len();
    assert_eq!(
        client.consumer("z").unwrap().open(&Default::default()).unwrap_err().status(),
        Status::Config
    );
    assert_eq!(scene.requests().len(), asked, "nobody was asked");
}

#[test]
fn the_documented_sample_tokens_are_read() {
    let vector = |name| {
        let path = format!("{}/../shared/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).ok()
    };
    let (Some(jws), Some(jwt)) = (vector("consumer_jws.txt"), vector("app_jwt.txt")) else {
        // The samples lie beside the project where it is developed.
        return;
    };
    let scene = Scene::new();
    let consumer = scene.client.consumer_from_jws(jws.trim()).unwrap();
    let id = "29caf0c11486996d9387e3a44ec34229d127304db4966d7752716bceb538fa24";
    assert_eq!(consumer.lp_id().unwrap(), id);
    assert!(consumer.jws().unwrap() == jws.trim());
    // Its `exp` is in 2018: the service refuses it, and it is replaced.
    scene.answer_with(Route::Token, 200, &json!({"access_token": jwt.trim()}).to_string());
    scene.conversation();
    assert_eq!(scene.requests_on(Route::Token).len(), 2);
}

#[test]
fn a_consumer_is_identified_once_and_by_the_same_id_always() {
    let scene = Scene::new();
    let consumer = scene.consumer();
    let lp_id = consumer.lp_id().unwrap().to_owned();
    assert_eq!(lp_id.len(), 64);
    consumer.open(&Default::default()).unwrap().close().unwrap();
    assert_eq!(scene.requests_on(Route::Consumer).len(), 1);
    let kept = scene.client.consumer_from_jws(consumer.jws().unwrap()).unwrap();
    assert_eq!(kept.lp_id().unwrap(), lp_id);
    kept.open(&Default::default()).unwrap();
    assert_eq!(scene.requests_on(Route::Consumer).len(), 1);
    assert_eq!(scene.client.consumer("").unwrap_err().status(), Status::InvalidArgument);
    for bad in ["", "a.b.c", "a b", "é", "x\r\ny"] {
        let error = scene.client.consumer_from_jws(bad).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
    }
}

#[test]
fn an_idp_answer_that_cannot_be_used_never_shows_the_token() {
    let scene = Scene::new();
    for answer in [r#"{"token":"s3cr3t"}"#, r#"{"token":5}"#, "s3cr3t", "{}"] {
        scene.answer_with(Route::Consumer, 201, answer);
        let error = scene.open().unwrap_err();
        assert_eq!(error.status(), Status::Protocol);
        assert!(error.message().starts_with("identifying the consumer: "), "{error}");
        let shown = format!("{error} {error:?} {}", String::from_utf8_lossy(error.body()));
        assert!(!shown.contains("s3cr3t"));
    }
}
