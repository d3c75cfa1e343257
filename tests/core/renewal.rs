//! AppJWTs that end, are refused, or are not to be trusted.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use lpc_sandbox::{Account, Answer, Forged, Options, Route, Sandbox};
use lpconnector::{Client, Error, Status};
use serde_json::{Value, json};
use socket2::SockRef;

use crate::scene::{Scene, until};
use crate::tokens::life_of_the_token;

const THREADS: usize = 64;

#[test]
fn threads_that_need_a_token_at_once_share_one_request() {
    let scene = Scene::new();
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for n in 0..THREADS {
            let (scene, start) = (&scene, &start);
            scope.spawn(move || {
                start.wait();
                scene.client.consumer(&format!("consumer {n}")).unwrap().jws().unwrap();
            });
        }
    });
    assert_eq!(scene.requests_on(Route::Token).len(), 1);
    assert_eq!(scene.client.stats().token_refreshes, 1);
}

#[test]
fn a_refused_token_is_replaced_once_for_all_threads_and_nothing_is_lost() {
    let scene = Scene::new();
    let conversations: Vec<_> = (0..THREADS).map(|_| scene.another_conversation()).collect();
    scene.sandbox.revoke_tokens(&scene.account.id);
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for conversation in &conversations {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                let response = conversation.send_text("x").unwrap();
                // A thread that comes late begins with the new token.
                assert!((1..=2).contains(&response.attempts()));
            });
        }
    });
    assert_eq!(scene.requests_on(Route::Token).len(), 2);
    assert_eq!(scene.texts().len(), THREADS);
}

#[test]
fn the_repeat_is_the_same_request() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    scene.sandbox.revoke_tokens(&scene.account.id);
    let response = conversation.send_text("x").unwrap();
    assert_eq!((response.attempts(), response.sequence()), (2, Some(0)));
    let sent = scene.requests_on(Route::Send);
    assert_eq!((sent.len(), &sent[0].body), (2, &sent[1].body));
    assert_ne!(sent[0].header("authorization"), sent[1].header("authorization"));
    assert_eq!(sent[0].header("x-lp-on-behalf"), sent[1].header("x-lp-on-behalf"));
    // It is kept from then on.
    conversation.send_text("y").unwrap();
    assert_eq!(scene.requests_on(Route::Token).len(), 2);
}

#[test]
fn a_401_that_does_not_say_why_is_taken_for_one_of_the_token() {
    for body in ["", "<html>", "{}"] {
        for route in [Route::Send, Route::Conversation, Route::Consumer] {
            let scene = Scene::new();
            let conversation = scene.conversation();
            scene.answer_with(route, 401, body);
            match route {
                Route::Send => drop(conversation.send_text("x").unwrap()),
                _ => drop(scene.client.consumer("y").unwrap().open(&Default::default()).unwrap()),
            }
            assert_eq!(scene.requests_on(Route::Token).len(), 2, "{body:?} {route:?}");
        }
    }
}

#[test]
fn a_token_is_replaced_once_and_not_again() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    scene.answer_with(Route::Send, 401, "");
    scene.answer_with(Route::Send, 401, "");
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Unauthorized, 2));
    assert!(!error.request_id().is_empty());
    assert_eq!(scene.requests_on(Route::Token).len(), 2);

    // Also where the consumer has to be identified on the way.
    let scene = Scene::new();
    for _ in 0..3 {
        scene.answer_with(Route::Consumer, 401, "");
    }
    let error = scene.open().unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Unauthorized, 2));
    assert_eq!(scene.requests_on(Route::Token).len(), 2);
    assert_eq!(scene.requests_on(Route::Consumer).len(), 2);
}

#[test]
fn any_401_of_the_idp_is_one_of_the_token() {
    for code in [40001, 40103, 40105, 9007] {
        for member in ["errorCode", "internalErrorCode"] {
            let body = json!({"body": {member: code}}).to_string();
            let scene = Scene::new();
            scene.answer_with(Route::Consumer, 401, &body);
            scene.consumer().jws().unwrap();
            let identified = scene.requests_on(Route::Consumer);
            let tokens = [0, 1].map(|n: usize| identified[n].header("authorization").unwrap());
            assert!(identified.len() == 2 && tokens[0] != tokens[1], "another token, once");
            assert_eq!(scene.client.stats().token_refreshes, 2);
        }
    }
    // One of the caller's is the caller's to replace.
    let scene = Scene::new();
    let jwt = scene.sandbox.issue_app_jwt(&scene.account.id, 60, &[]);
    scene.client.set_app_jwt(Some(&jwt)).unwrap();
    scene.answer_with(Route::Consumer, 401, r#"{"internalErrorCode":"9007"}"#);
    let error = scene.consumer().jws().unwrap_err();
    assert_eq!((error.status(), error.service_code()), (Status::Unauthorized, 9007));
    assert_eq!(scene.requests().len(), 2, "the services, and the refusal");
}

#[test]
fn credentials_are_replaced_without_a_restart() {
    let scene = Scene::with(&[("client.secret", "the-old-one")]);
    let error = scene.open().unwrap_err();
    assert!(error.message().starts_with("obtaining an AppJWT: "), "{error}");
    let (id, secret) = (&scene.account.client_id, &scene.account.client_secret);
    let consumer = scene.client.consumer("known before").unwrap();
    assert!(consumer.jws().is_err());
    scene.client.set_credentials(id, secret).unwrap();
    consumer.jws().unwrap();
    let conversation = scene.conversation();
    let asked = scene.requests_on(Route::Token);
    assert!(
        asked.last().unwrap().body == format!("client_id={id}&client_secret={secret}").into_bytes()
    );

    // The token in use stays; those to come are asked for with what was given last.
    scene.client.set_credentials(id, "the-next-one").unwrap();
    conversation.send_text("x").unwrap();
    assert_eq!(scene.requests_on(Route::Token).len(), asked.len());
    for (id, secret, names) in
        [("", "s", "client_id"), ("i", "", "client_secret"), ("i", "a\nb", "client_secret")]
    {
        let error = scene.client.set_credentials(id, secret).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert!(error.message().starts_with(names), "{error}");
    }
    scene.sandbox.revoke_tokens(&scene.account.id);
    assert!(conversation.send_text("y").is_err());
    assert!(scene.requests_on(Route::Token).last().unwrap().body.ends_with(b"=the-next-one"));

    // A client that had none has some now.
    let none = Client::new(&scene.config(&[("client.id", ""), ("client.secret", "")])).unwrap();
    assert_eq!(jws(&none).unwrap_err().status(), Status::Config);
    none.set_credentials(id, secret).unwrap();
    jws(&none).unwrap();
}

#[test]
fn what_fails_with_credentials_that_were_replaced_meanwhile_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // So that a request that never comes fails the test.
    SockRef::from(&listener).set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let sentinel = format!("http://{}", listener.local_addr().unwrap());
    let scene = Scene::with(&[("domain.sentinel", &sentinel), ("client.secret", "the-old-one")]);
    let token = scene.sandbox.issue_app_jwt(&scene.account.id, 3600, &[]);
    let ask = |name: usize| scene.client.consumer(&name.to_string()).unwrap().jws().map(drop);
    std::thread::scope(|threads| {
        let asking: Vec<_> = (0..12).map(|name| threads.spawn(move || ask(name))).collect();
        let (mut first, _) = listener.accept().unwrap();
        assert!(read_request(&mut first).ends_with("=the-old-one"));
        scene.client.set_credentials("app", "the-new-one").unwrap();
        let new = threads.spawn(move || ask(12));
        answer(&mut first, "401 Unauthorized", r#"{"error":"invalid_client"}"#);
        let (mut second, _) = listener.accept().unwrap();
        assert!(read_request(&mut second).ends_with("=the-new-one"));
        answer(&mut second, "200 OK", &format!(r#"{{"access_token":"{token}"}}"#));
        for one in asking.into_iter().chain([new]) {
            one.join().unwrap().unwrap();
        }
    });
    // One request for all.
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

/// A request with its body.
fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

fn answer(stream: &mut TcpStream, status: &str, body: &str) {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
}

#[test]
fn other_refusals_are_reported_and_no_token_is_replaced() {
    for code in [40001, 40103, 40104, 40105] {
        let scene = Scene::new();
        let conversation = scene.conversation();
        let body = json!({"code": 401, "body": {"title": "T", "details": "D", "errorCode": code}});
        scene.answer_with(Route::Send, 401, &body.to_string());
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!((error.service_code(), error.attempts()), (code, 1));
        assert_eq!(scene.requests_on(Route::Token).len(), 1);
    }
    // A 400 with the token's code is no 401.
    let scene = Scene::new();
    let conversation = scene.conversation();
    scene.answer_with(Route::Send, 400, r#"{"body":{"errorCode":40102}}"#);
    assert_eq!(conversation.send_text("x").unwrap_err().attempts(), 1);
    // Nor does a service that was asked without a token complain about one.
    let scene = Scene::new();
    scene.answer_with(Route::Domain, 401, "");
    assert_eq!(scene.open().unwrap_err().status(), Status::Unauthorized);
    assert_eq!(scene.requests().len(), 1);
}

#[test]
fn a_token_that_cannot_be_replaced_says_why() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    scene.sandbox.revoke_tokens(&scene.account.id);
    scene.answer_with(Route::Token, 401, r#"{"error":"invalid_client"}"#);
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!((error.status(), error.title()), (Status::Unauthorized, "invalid_client"));
    assert!(error.message().starts_with("obtaining an AppJWT"), "{error}");
    scene.ask_again();
    conversation.send_text("y").unwrap();
}

#[test]
fn what_one_caller_cannot_replace_is_still_good_for_the_others() {
    let scene = Scene::new();
    let (one, other) = (scene.conversation(), scene.another_conversation());
    // The service refuses one consumer's request for the token, and Sentinel has no other.
    scene.answer_with(Route::Send, 401, "");
    scene.answer_with(Route::Token, 503, "");
    assert_eq!(one.send_text("x").unwrap_err().status(), Status::Server);
    other.send_text("y").unwrap();
    one.send_text("z").unwrap();
    assert_eq!(scene.requests_on(Route::Token).len(), 2);
}

#[test]
fn a_lasting_401_does_not_make_a_token_request_of_each_call() {
    let scene = Scene::new();
    let conversation = scene.conversation();
    for _ in 0..200 {
        scene.answer_with(Route::Send, 401, "");
    }
    for _ in 0..100 {
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!((error.status(), error.http_status()), (Status::Unauthorized, 401));
    }
    // Two in a second.
    assert!(scene.requests_on(Route::Token).len() < 50);
    assert_eq!(scene.client.stats().failures, 100, "each is counted");
}

#[test]
fn the_clock_that_counts_is_the_services() {
    // Two hours behind: by our clock, its tokens have ended before they begin.
    let scene = Scene::new();
    scene.sandbox.set_clock_offset(&scene.account.id, -7200);
    scene.conversation().send_text("x").unwrap();
    assert_eq!(scene.requests_on(Route::Token).len(), 1);

    // Two hours ahead: by our clock, a token that is about to end has two hours left.
    let scene = Scene::new();
    scene.sandbox.set_clock_offset(&scene.account.id, 7200);
    scene.sandbox.set_token_lifetime(&scene.account.id, Duration::from_secs(59));
    assert!(life_of_the_token(&scene) <= 59);
}

#[test]
fn what_may_have_happened_stays_so_whatever_happens_to_the_token() {
    // The message arrived and its answer was lost; its repetition is refused for the token.
    let lost = |options: &[(&str, &str)]| {
        let quick = [("retry.max.attempts", "4"), ("retry.backoff.ms", "1")];
        let scene = Scene::with(&[&quick, options].concat());
        let conversation = scene.conversation();
        scene.answer(Route::Send, Answer::Lose);
        scene.answer_with(Route::Send, 401, "");
        (scene, conversation)
    };
    let (scene, conversation) = lost(&[("retry.ambiguous", "true")]);
    for _ in 0..4 {
        scene.answer_with(Route::Token, 503, "");
    }
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!((error.status(), scene.texts().len()), (Status::Server, 1));
    assert!(error.maybe_delivered() && !error.request_id().is_empty());

    // Refused inside an answer that says 200.
    let (scene, conversation) = lost(&[("retry.ambiguous", "true")]);
    scene.answer_with(Route::Send, 200, r#"{"code":400,"body":{"msg":"no"}}"#);
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Rejected, 3));
    assert!(error.maybe_delivered() && !error.request_id().is_empty());

    let (scene, conversation) = lost(&[]);
    scene.answer_with(Route::Send, 400, "");
    let error = conversation.close().unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Rejected, 3));
    assert!(error.maybe_delivered());
}

#[test]
fn a_token_that_is_valid_outlives_a_renewal_that_fails() {
    let renewal_fails = |status, body: &str| {
        let scene = Scene::new();
        scene.sandbox.set_token_lifetime(&scene.account.id, Duration::from_secs(8));
        let conversation = scene.conversation();
        scene.answer_with(Route::Token, status, body);
        // Due after half of its life, and of use for the other half.
        until(|| {
            conversation.send_text("x").unwrap();
            (scene.requests_on(Route::Token).len() > 1).then_some(())
        });
        for _ in 0..3 {
            conversation.send_text("y").unwrap();
        }
        assert_eq!(scene.requests_on(Route::Token).len(), 2, "not asked again at once");
    };
    std::thread::scope(|scope| {
        for (status, body) in [(503, ""), (403, "{}"), (200, "<html>")] {
            scope.spawn(move || renewal_fails(status, body));
        }
    });
    // One that the service refuses is of no use.
    let scene = Scene::new();
    let conversation = scene.conversation();
    scene.sandbox.revoke_tokens(&scene.account.id);
    scene.answer_with(Route::Token, 503, "");
    assert_eq!(conversation.send_text("x").unwrap_err().status(), Status::Server);
    scene.ask_again();
    conversation.send_text("y").unwrap();
}

/// A sandbox of the test's own, because key sets belong to no account.
fn verifying(version: &str, with_its_key: bool) -> (Sandbox, Account, Client) {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let key = if with_its_key { sandbox.public_key() } else { String::new() };
    let account = sandbox.new_account();
    let client = Client::new(&crate::scene::config(
        &sandbox,
        &account,
        &[("token.verify", "true"), ("token.api.version", version), ("token.public.key", &key)],
    ))
    .unwrap();
    (sandbox, account, client)
}

fn jws(client: &Client) -> Result<(), Error> {
    client.consumer("x").unwrap().jws().map(drop)
}

/// Lets the next call ask Sentinel at once.
fn ask_again(client: &Client, account: &Account) {
    client.set_credentials(&account.client_id, &account.client_secret).unwrap();
}

fn grant(sandbox: &Sandbox, account: &Account, jwt: &str) {
    let granted = json!({"access_token": jwt, "token_type": "Bearer"}).to_string();
    let answer = crate::scene::status_answer(200, &[], &granted);
    sandbox.answer_next(&account.id, Route::Token, answer);
}

fn refused(client: &Client, says: &str) {
    let error = jws(client).unwrap_err();
    assert_eq!(error.status(), Status::Unauthorized, "{error}");
    assert!(error.message().starts_with("obtaining an AppJWT: "), "{error}");
    assert!(error.message().contains(says), "{error}");
}

#[test]
fn v1_tokens_are_checked_by_the_static_key() {
    let (sandbox, account, client) = verifying("1", true);
    jws(&client).unwrap();
    let forged = |forged| grant(&sandbox, &account, &sandbox.forge_app_jwt(&account.id, forged));
    for (kind, says) in [
        (Forged::BrokenSignature, "its signature does not match"),
        (Forged::NoneAlgorithm, "its header is no JWT's"),
    ] {
        // Its own client, because the one above has a token.
        let options = [("token.verify", "true"), ("token.public.key", &sandbox.public_key())];
        let client = Client::new(&crate::scene::config(&sandbox, &account, &options)).unwrap();
        forged(kind);
        refused(&client, says);
        ask_again(&client, &account);
        jws(&client).unwrap();
    }
    assert_eq!(sandbox.key_requests().len(), 0);
    // The sandbox's key is not that of the service.
    let (_sandbox, _, client) = verifying("1", false);
    refused(&client, "its signature does not match Sentinel's key");
}

#[test]
fn a_token_for_another_account_or_of_another_issuer_is_not_used() {
    for (claim, value, says) in [
        ("aud", json!("another"), "its aud is 'another' and not the account"),
        ("aud", Value::Null, "its aud is ''"),
        ("iss", json!("Evil"), "its iss is 'Evil' and not Sentinel"),
    ] {
        let (sandbox, account, client) = verifying("1", true);
        let jwt = sandbox.issue_app_jwt(&account.id, 3600, &[(claim, value)]);
        grant(&sandbox, &account, &jwt);
        refused(&client, says);
        assert_eq!(client.stats().failures, 1);
        assert_eq!(sandbox.requests(&account.id).len(), 2, "no token went anywhere");
    }
}

#[test]
fn the_issuer_may_be_written_in_small_letters() {
    for version in ["1", "2"] {
        for issuer in ["Sentinel", "sentinel"] {
            let (sandbox, account, client) = verifying(version, true);
            let jwt = sandbox.issue_app_jwt(&account.id, 3600, &[("iss", json!(issuer))]);
            grant(&sandbox, &account, &jwt);
            jws(&client).unwrap();
            assert_eq!(sandbox.requests(&account.id).len(), 3, "it was used");
        }
    }
}

#[test]
fn v2_tokens_are_checked_by_the_published_keys_which_are_fetched_once() {
    let (sandbox, account, client) = verifying("2", false);
    // Another token each time.
    let renewed = || {
        sandbox.revoke_tokens(&account.id);
        ask_again(&client, &account);
        jws(&client)
    };
    for _ in 0..3 {
        renewed().unwrap();
    }
    assert_eq!(sandbox.key_requests().len(), 1);

    // An unknown key is asked for once more, and then known.
    sandbox.rotate_key(&account.id);
    for _ in 0..3 {
        renewed().unwrap();
    }
    assert_eq!(sandbox.key_requests().len(), 2);

    // But not again within a minute.
    let is_refused = |forged, says: &str| {
        grant(&sandbox, &account, &sandbox.forge_app_jwt(&account.id, forged));
        let error = renewed().unwrap_err();
        assert_eq!(error.status(), Status::Unauthorized, "{error}");
        assert!(error.message().starts_with("obtaining an AppJWT: "), "{error}");
        assert!(error.message().contains(says), "{error}");
    };
    for _ in 0..3 {
        is_refused(Forged::UnknownKid, "Sentinel's key set has no key");
    }
    assert_eq!(sandbox.key_requests().len(), 2);
    is_refused(Forged::BrokenSignature, "its signature does not match");
    is_refused(Forged::NoKid, "it does not say which key signed it");
    renewed().unwrap();
}

#[test]
fn without_a_key_set_no_token_is_trusted() {
    for (status, body) in [(500, ""), (200, "{}"), (200, "<html>")] {
        let (sandbox, account, client) = verifying("2", false);
        let answer = crate::scene::status_answer(status, &[], body);
        sandbox.answer_next(&account.id, Route::Keys, answer);
        let error = jws(&client).unwrap_err();
        assert!(error.message().contains("fetching Sentinel's key set"), "{error}");
        until(|| jws(&client).ok());
    }
}

#[test]
fn a_sentinel_that_stalls_holds_up_one_thread_at_most_while_the_token_will_do() {
    const TEXTS: usize = 10;

    let scene = Scene::new();
    // Due after half of its life, and of use for the other half.
    scene.sandbox.set_token_lifetime(&scene.account.id, Duration::from_secs(16));
    let conversations: Vec<_> = (0..16).map(|_| scene.another_conversation()).collect();
    for _ in 0..4 {
        scene.answer(Route::Token, Answer::Stall);
    }
    let asked = || scene.requests_on(Route::Token).len();
    let sent_meanwhile = std::thread::scope(|threads| {
        let (first, others) = conversations.split_first().unwrap();
        let held_up = threads.spawn(|| {
            while asked() < 2 {
                first.send_text("x").unwrap();
            }
            scene.texts().iter().filter(|text| *text == "y").count()
        });
        // From then on it waits for Sentinel, for as long as it gives a renewal: 4 s.
        until(|| (asked() == 2).then_some(()));
        for other in others {
            threads.spawn(|| (0..TEXTS).for_each(|_| drop(other.send_text("y").unwrap())));
        }
        held_up.join().unwrap()
    });
    // Where they waited as well, it would be one of each at most.
    assert!(sent_meanwhile > 2 * conversations.len(), "{sent_meanwhile}");
    assert_eq!(asked(), 2, "nobody else asked, nor did the first one again");
}

#[test]
fn one_consumers_401_and_a_429_of_sentinel_fail_nobody_else() {
    for asks in ["1", "3600"] {
        let scene = Scene::new();
        let (one, others) = (scene.conversation(), scene.another_conversation());
        scene.answer_with(Route::Send, 401, "");
        let answer = crate::scene::status_answer(429, &[("Retry-After", asks)], "");
        scene.answer(Route::Token, answer);
        let error = one.send_text("x").unwrap_err();
        assert_eq!((error.status(), error.http_status()), (Status::RateLimited, 429));
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| others.send_text("y").unwrap());
            }
        });
        one.send_text("z").unwrap();
        assert_eq!(scene.requests_on(Route::Token).len(), 2, "Sentinel has its rest");
        assert_eq!(scene.texts().len(), 9);
    }
}

#[test]
fn many_consumers_with_a_lasting_401_cost_few_token_requests_and_nobody_else_a_failure() {
    const CALLS: usize = 20;

    let scene = Scene::new();
    let good = scene.another_conversation();
    let refused = ["a", "b", "c", "d"].map(|name| scene.client.consumer(name).unwrap());
    let asked = || scene.requests_on(Route::Token).len();
    let before = asked();
    for _ in 0..CALLS {
        for consumer in &refused {
            scene.answer_with(Route::Consumer, 401, "");
            scene.answer_with(Route::Consumer, 401, "");
            assert_eq!(consumer.jws().unwrap_err().http_status(), 401);
        }
        let asked_for_them = asked();
        good.send_text("y").unwrap();
        assert_eq!(asked(), asked_for_them, "the newest token is good");
    }
    // Two in a second.
    let asked = asked() - before;
    assert!(asked < CALLS * refused.len() / 2, "{asked}");
}

#[test]
fn a_revocation_fails_nobody_while_one_consumer_has_a_lasting_401() {
    let scene = Scene::new();
    let good: Vec<_> = (0..8).map(|_| scene.another_conversation()).collect();
    let bad = scene.client.consumer("bad").unwrap();
    let begun = Instant::now();
    let asked = || scene.requests_on(Route::Token).len();
    let revoke_and_send = || {
        let before = asked();
        // The second in a row: from then on nobody asks for a moment.
        until(|| (asked() > before + 1).then_some(()));
        scene.sandbox.revoke_tokens(&scene.account.id);
        std::thread::scope(|threads| {
            let sending: Vec<_> =
                good.iter().map(|one| threads.spawn(|| one.send_text("x").map(drop))).collect();
            sending.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
        })
    };
    std::thread::scope(|threads| {
        let sending = threads.spawn(|| [0; 3].map(|_| revoke_and_send()).concat());
        while !sending.is_finished() {
            for _ in 0..3 {
                scene.answer_with(Route::Consumer, 401, "");
            }
            assert_eq!(bad.jws().unwrap_err().http_status(), 401);
        }
        assert_eq!(sending.join().unwrap(), vec![Ok(()); 3 * good.len()]);
    });
    // Two in a second.
    let (asked, most) = (asked(), 2 * (begun.elapsed().as_secs() as usize + 2));
    assert!(asked <= most, "{asked} and not {most}");
}

#[test]
fn a_token_that_was_on_its_way_when_all_were_revoked_is_replaced_as_well() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    SockRef::from(&listener).set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let sentinel = format!("http://{}", listener.local_addr().unwrap());
    let scene = Scene::with(&[("domain.sentinel", &sentinel)]);
    let asked = || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        stream
    };
    let issue = || scene.sandbox.issue_app_jwt(&scene.account.id, 3600, &[]);
    let grant = |mut stream: TcpStream, token: &str| {
        answer(&mut stream, "200 OK", &format!(r#"{{"access_token":"{token}"}}"#));
    };
    std::thread::scope(|threads| {
        let opening = threads.spawn(|| scene.another_conversation());
        grant(asked(), &issue());
        let conversation = opening.join().unwrap();
        // One that has another's request refused has a token on its way.
        scene.answer_with(Route::Consumer, 401, "");
        scene.answer_with(Route::Consumer, 401, "");
        let bad = threads.spawn(|| scene.client.consumer("bad").unwrap().jws().map(drop));
        let on_its_way = (asked(), issue());
        scene.sandbox.revoke_tokens(&scene.account.id);
        let good = threads.spawn(move || conversation.send_text("x"));
        until(|| (!scene.requests_on(Route::Send).is_empty()).then_some(()));
        grant(on_its_way.0, &on_its_way.1);
        assert_eq!(bad.join().unwrap().unwrap_err().http_status(), 401);
        grant(asked(), &issue());
        assert_eq!(good.join().unwrap().unwrap().attempts(), 3);
    });
    assert_eq!(scene.texts(), ["x"]);
}
