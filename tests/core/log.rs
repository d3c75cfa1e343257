//! What a client logs and counts, and that no secret is in it.

use std::sync::{Arc, Mutex};

use lpc_sandbox::{Answer, Options, Route, Sandbox};
use lpconnector::{AttachOptions, Attachment, Client, Config, Error, LogLevel, Status};

use crate::scene::{self, Scene, status_answer};

type Lines = Arc<Mutex<Vec<(LogLevel, String)>>>;

fn listen(config: &mut Config, level: LogLevel) -> Lines {
    let lines = Lines::default();
    let sink = lines.clone();
    config.set_log(level, move |level, line| sink.lock().unwrap().push((level, line.to_owned())));
    lines
}

fn logged(lines: &Lines, level: LogLevel) -> Vec<String> {
    let lines = lines.lock().unwrap();
    lines.iter().filter(|(l, _)| *l == level).map(|(_, line)| line.clone()).collect()
}

#[test]
fn each_level_tells_its_own() {
    let scene = Scene::new();
    let mut config = scene.config(&[("retry.max.attempts", "2"), ("retry.backoff.ms", "1")]);
    let lines = listen(&mut config, LogLevel::Trace);
    let client = Client::new(&config).unwrap();
    let conversation = client.consumer("x").unwrap().open(&Default::default()).unwrap();
    scene.answer(Route::Send, status_answer(503, &[], ""));
    conversation.send_text("x").unwrap();
    scene.answer(Route::Send, status_answer(400, &[], ""));
    conversation.send_text("y").unwrap_err();

    let errors = logged(&lines, LogLevel::Error);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].starts_with("sending a text: the service answered 400 [request "));
    let warnings = logged(&lines, LogLevel::Warn);
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("sending a text: the service answered 503; attempt 2 of 2 in "),
        "{warnings:?}"
    );
    let infos = logged(&lines, LogLevel::Info);
    assert!(infos.iter().any(|line| line.contains("valid for 3600 s")), "{infos:?}");
    let requests = logged(&lines, LogLevel::Debug);
    assert_eq!(requests.len(), scene.requests().len());
    assert!(requests.iter().any(|line| line.contains("/send: 503 in ")), "{requests:?}");
    assert!(!logged(&lines, LogLevel::Trace).is_empty());
    assert!(logged(&lines, LogLevel::Off).is_empty());
}

#[test]
fn nothing_is_logged_beyond_the_level_and_nothing_without_a_callback() {
    let scene = Scene::new();
    let mut config = scene.config(&[]);
    let lines = listen(&mut config, LogLevel::Warn);
    Client::new(&config).unwrap().consumer("x").unwrap().open(&Default::default()).unwrap();
    assert!(lines.lock().unwrap().is_empty());
    let off = listen(&mut config, LogLevel::Off);
    let client = Client::new(&config).unwrap();
    scene.answer(Route::Token, status_answer(400, &[], ""));
    client.consumer("x").unwrap().open(&Default::default()).unwrap_err();
    assert!(off.lock().unwrap().is_empty() && lines.lock().unwrap().is_empty());
}

#[test]
fn a_callback_may_use_the_client_that_calls_it_but_for_what_waits() {
    let scene = Scene::new();
    let mut config = scene.config(&[]);
    let used: Arc<Mutex<Option<Client>>> = Arc::default();
    let inside = used.clone();
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let seen = outcomes.clone();
    config.set_log(LogLevel::Trace, move |_, _| {
        // Taken out, so that what the call logs itself finds nothing to call.
        let client = inside.lock().unwrap().take();
        if let Some(client) = client {
            let waits = client.consumer("inside").unwrap().jws().map(|_| ());
            seen.lock()
                .unwrap()
                .push((waits.map_err(|error| error.status()), client.stats().requests));
        }
    });
    let client = Client::new(&config).unwrap();
    client.consumer("x").unwrap().jws().unwrap();
    let before = client.stats().requests;
    *used.lock().unwrap() = Some(client.clone());
    client.consumer("y").unwrap().open(&Default::default()).unwrap();
    let refused = Err(Status::InvalidArgument);
    assert!(
        matches!(outcomes.lock().unwrap()[..], [(it, sent)] if it == refused && sent >= before)
    );
}

#[test]
fn counters_count_what_was_done() {
    let scene = Scene::new();
    assert_eq!(scene.client.stats(), Default::default());
    scene.conversation().send_text("x").unwrap();
    let stats = scene.client.stats();
    // Discovery, token, consumer, conversation, text.
    assert_eq!((stats.requests, stats.retries, stats.failures), (5, 0, 0));
    assert_eq!((stats.token_refreshes, stats.connections_opened), (1, 1));
    assert_eq!(stats.latency_ms.count, 5);
    assert_eq!(stats.latency_ms.buckets.last().map(|bucket| bucket.count), Some(5));
    let bodies: usize = scene.requests().iter().map(|request| request.body.len()).sum();
    assert!(stats.bytes_sent > bodies as u64 && stats.bytes_received > 500);
}

/// Everything that a program could print of a client's life.
struct Printed {
    text: String,
    lines: Lines,
}

impl Printed {
    fn error(&mut self, error: &Error) {
        let body = String::from_utf8_lossy(error.body());
        let (title, details) = (error.title(), error.details());
        self.text += &format!("{error} {error:?} {error:#?} {title} {details} {body}\n");
    }

    fn all(mut self) -> String {
        for (_, line) in self.lines.lock().unwrap().iter() {
            self.text += &format!("{line}\n");
        }
        self.text
    }
}

/// What other libraries log, through the program's own logger, at the finest level.
struct Others(Mutex<String>);

impl log::Log for Others {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, record: &log::Record) {
        let line = format!("{} {}\n", record.target(), record.args());
        self.0.lock().unwrap().push_str(&line);
    }

    fn flush(&self) {}
}

static OTHERS: Others = Others(Mutex::new(String::new()));

#[test]
fn no_secret_is_in_anything_that_is_printed() {
    // The one test that sets the process's logger: what other tests cause is searched as well.
    log::set_logger(&OTHERS).unwrap();
    log::set_max_level(log::LevelFilter::Trace);

    let sandbox = Sandbox::start(Options { tls: true, ..Options::default() }).unwrap();
    let account = sandbox.new_account();
    let mut config = scene::config(
        &sandbox,
        &account,
        &[
            ("retry.max.attempts", "2"),
            ("retry.backoff.ms", "1"),
            ("rate.limit.backoff.ms", "1"),
            ("token.verify", "true"),
            ("token.public.key", &sandbox.public_key()),
        ],
    );
    let lines = listen(&mut config, LogLevel::Trace);
    let mut printed = Printed { text: String::new(), lines };
    let client = Client::new(&config).unwrap();
    let consumer = client.consumer("John_Doe").unwrap();
    let conversation = consumer.open(&Default::default()).unwrap();

    // Every request as it should be, and broken in every way.
    let png = Attachment::from_bytes(b"\x89PNG\r\n\x1a\nx", "PNG").caption("a photo");
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("a.png");
    let relative_path = sandbox.put_file(&account.id, "a.png", *b"\x89PNG\r\n\x1a\ny");
    let jws = consumer.jws().unwrap().to_owned();
    let jwt = sandbox.issue_app_jwt(&account.id, 3600, &[]);
    // A server can echo what it was sent.
    let echo = |route| match route {
        Route::Token => vec![account.client_secret.as_str()],
        Route::Consumer => vec![jwt.as_str()],
        Route::Conversation | Route::Send => vec![jwt.as_str(), jws.as_str()],
        _ => Vec::new(),
    };
    let broken = |route: Route| {
        let echo = serde_json::to_string(&echo(route)).unwrap();
        let body = format!(r#"{{"error":{echo},"title":"see","details":{echo},"body":{echo}}}"#);
        let body = body.replace(['[', ']'], "").replace("\",\"", " ");
        let answers = [
            status_answer(200, &[], &body),
            status_answer(400, &[], &body),
            status_answer(401, &[], &body),
            status_answer(429, &[("Retry-After", "3600")], &body),
            status_answer(503, &[], &body),
            status_answer(302, &[("Location", "https://evil.example")], &body),
            Answer::Reset,
            Answer::Lose,
            Answer::Cut,
        ];
        answers.into_iter().map(move |answer| (route, answer))
    };
    let routes = [
        Route::Domain,
        Route::Token,
        Route::Consumer,
        Route::Conversation,
        Route::Send,
        Route::Storage,
    ];
    for (route, answer) in routes.into_iter().flat_map(broken) {
        sandbox.answer_next(&account.id, route, answer);
        let mut config = config.clone();
        if !matches!(route, Route::Domain | Route::Token) {
            config.set("app.jwt", &jwt).unwrap();
        }
        let fresh = Client::new(&config).unwrap();
        let known = fresh.consumer_from_jws(&jws).unwrap();
        let conversation = known.attach(conversation.id(), &AttachOptions::new()).unwrap();
        printed.text += &format!("{fresh:?}");
        let mut outcomes = Vec::new();
        match route {
            Route::Send => {
                outcomes.push(conversation.send_text("hello").map(|r| printed_of(&r)));
                outcomes.push(
                    conversation
                        .rate(5, true, lpconnector::CsatStatus::Filled)
                        .map(|r| printed_of(&r)),
                );
            }
            Route::Storage => {
                outcomes.push(conversation.send_file(&png).map(|r| printed_of(&r)));
                outcomes
                    .push(conversation.download_file(&relative_path, &to).map(|()| String::new()));
            }
            Route::Conversation => {
                outcomes.push(known.open(&Default::default()).map(|c| format!("{c:?}")));
            }
            _ => {
                let consumer = fresh.consumer("Jane").unwrap();
                printed.text += &format!("{consumer:?}");
                outcomes.push(consumer.open(&Default::default()).map(|c| format!("{c:?}")));
            }
        }
        for outcome in outcomes {
            match outcome {
                Ok(shown) => printed.text += &shown,
                Err(error) => printed.error(&error),
            }
        }
    }
    sandbox.revoke_tokens(&account.id);
    printed.text += &printed_of(&conversation.send_text("again").unwrap());
    printed.error(&client.consumer_from_jws(&format!("{jws} ")).unwrap_err());
    printed.error(&client.set_app_jwt(Some(&format!("{jws}\r\nX-Evil: 1"))).unwrap_err());
    printed.text += &format!("{config:?} {client:?} {consumer:?} {:?}", client.stats());
    for key in Config::keys() {
        printed.text += &format!("{key} = {:?}\n", config.get(key));
    }

    let ours = printed.all();
    let all = ours.clone() + &OTHERS.0.lock().unwrap();
    // The search finds what is there.
    for there in ["sending a text", "the service answered 503", "ureq", "evil.example"] {
        assert!(all.contains(there), "{there}");
    }
    let mut secrets = vec![account.client_secret.clone(), jws.clone()];
    let mut signatures = Vec::new();
    for request in sandbox.requests(&account.id) {
        for name in ["authorization", "x-lp-on-behalf"] {
            secrets.extend(request.header(name).map(str::to_owned));
        }
        if let Some((_, query)) = request.path.split_once("temp_url_sig=") {
            signatures.push(query.split('&').next().unwrap().to_owned());
        }
    }
    assert!(secrets.len() > 100 && signatures.len() > 10, "{} {}", secrets.len(), signatures.len());
    let shows = |text: &str, secret: &str| {
        // A message shortens what it quotes: no part may show either.
        let payload = secret.split('.').nth(1).unwrap_or(secret);
        text.find(&payload[..20]).map(|at| text[at.saturating_sub(200)..at].to_owned())
    };
    for secret in secrets {
        assert_eq!(shows(&all, &secret), None, "a secret was printed after this");
    }
    // The signature in a place of the storage, which is good for a minute, ureq shows as a part of
    // the URL where the program's own logger is at DEBUG; we do not.
    for signature in signatures {
        assert_eq!(shows(&ours, &signature), None, "a signature was printed after this");
    }
}

fn printed_of(response: &lpconnector::Response) -> String {
    format!("{response:?}")
}

#[test]
fn values_that_would_break_out_of_a_header_never_reach_one() {
    let scene = Scene::new();
    for bad in ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\u{7f}b", "a\u{1b}[2J"] {
        let refused = scene.client.set_app_jwt(Some(bad)).unwrap_err();
        assert_eq!(refused.status(), Status::InvalidArgument);
        let refused = scene.client.consumer_from_jws(bad).unwrap_err();
        assert_eq!(refused.status(), Status::InvalidArgument);
        for key in ["app.jwt", "user.agent", "client.id", "client.secret", "account.id"] {
            assert_eq!(Config::new().set(key, bad).unwrap_err().status(), Status::Config, "{key}");
        }
    }
    // What goes into JSON is escaped there.
    let consumer = scene.client.consumer("a\r\nX-Evil: 1").unwrap();
    consumer.open(&Default::default()).unwrap().send_text("b\r\nX-Evil: 1").unwrap();
    assert!(scene.requests().iter().all(|request| request.header("x-evil").is_none()));
}

#[test]
fn a_token_that_was_replaced_is_a_warning_and_no_failure() {
    let scene = Scene::new();
    let mut config = scene.config(&[]);
    let lines = listen(&mut config, LogLevel::Warn);
    let client = Client::new(&config).unwrap();
    let conversation = client.consumer("x").unwrap().open(&Default::default()).unwrap();
    scene.sandbox.revoke_tokens(&scene.account.id);
    conversation.send_text("x").unwrap();
    let warnings = logged(&lines, LogLevel::Warn);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("error 40102"), "{warnings:?}");
    assert!(warnings[0].contains("; once more with another AppJWT [request "), "{warnings:?}");
    assert!(logged(&lines, LogLevel::Error).is_empty());
    assert_eq!((client.stats().failures, client.stats().token_refreshes), (0, 2));
    // One that stays refused is a failure, once.
    for _ in 0..2 {
        scene.answer(Route::Send, status_answer(401, &[], ""));
    }
    conversation.send_text("y").unwrap_err();
    assert_eq!((logged(&lines, LogLevel::Error).len(), client.stats().failures), (1, 1));
    // So is that of a given one, and a 401 of a service that was asked without.
    client.set_app_jwt(Some("a.b.c")).unwrap();
    conversation.send_text("z").unwrap_err();
    scene.answer(Route::Domain, status_answer(401, &[], ""));
    let fresh = Client::new(&config).unwrap();
    fresh.consumer("x").unwrap().jws().unwrap_err();
    assert_eq!((client.stats().failures, fresh.stats().failures), (2, 1));
    assert_eq!(logged(&lines, LogLevel::Error).len(), 3);
}

#[test]
fn what_is_refused_inside_a_200_is_a_failure_too() {
    let scene = Scene::new();
    let mut config = scene.config(&[]);
    let lines = listen(&mut config, LogLevel::Error);
    let client = Client::new(&config).unwrap();
    let conversation = client.consumer("x").unwrap().open(&Default::default()).unwrap();
    for body in [r#"{"code":"BAD_REQUEST"}"#, "<html>"] {
        scene.answer(Route::Send, status_answer(200, &[], body));
        let error = conversation.send_text("x").unwrap_err();
        let line = logged(&lines, LogLevel::Error).pop().unwrap();
        assert!(line.starts_with(error.message()), "{line}");
    }
    assert_eq!((client.stats().failures, logged(&lines, LogLevel::Error).len()), (2, 2));
    // So is what cannot be read on the way to it.
    for route in [Route::Domain, Route::Token, Route::Consumer] {
        let scene = Scene::new();
        scene.answer(route, status_answer(200, &[], "<html>"));
        scene.open().unwrap_err();
        assert_eq!(scene.client.stats().failures, 1, "{route:?}");
    }
}

/// The lines since the last look.
fn taken(lines: &Lines) -> Vec<String> {
    std::mem::take(&mut *lines.lock().unwrap()).into_iter().map(|(_, line)| line).collect()
}

/// The ids of the requests of a route, in order; of a batch, that of its first.
fn ids(scene: &Scene, route: Route) -> Vec<String> {
    let id = |request| {
        let body = scene::json(request);
        let first = if body.is_array() { &body[0] } else { &body };
        first["id"].as_str().unwrap().to_owned()
    };
    scene.requests_on(route).iter().map(id).collect()
}

#[track_caller]
fn all_name(lines: &[String], ids: &[String], conversation: Option<&str>, kinds: &[&str]) {
    for line in lines {
        let named = ids.iter().any(|id| {
            let rest = conversation.map(|id| format!(", conversation {id}")).unwrap_or_default();
            line.ends_with(&format!(" [request {id}{rest}]"))
        });
        assert!(named, "{line} names none of {ids:?}");
    }
    for kind in kinds {
        assert!(lines.iter().any(|line| line.contains(kind)), "no line with '{kind}': {lines:#?}");
    }
}

#[test]
fn every_line_about_a_request_names_it_and_its_conversation() {
    let scene = Scene::new();
    let quick =
        [("retry.max.attempts", "3"), ("retry.backoff.ms", "1"), ("rate.limit.backoff.ms", "500")];
    let mut config = scene.config(&quick);
    let lines = listen(&mut config, LogLevel::Trace);
    let client = Client::new(&config).unwrap();
    let consumer = client.consumer("x").unwrap();
    let failing = |status| status_answer(status, &[], "");

    // All that an opening needs is done for it.
    for route in [Route::Domain, Route::Token, Route::Consumer, Route::Conversation] {
        scene.answer(route, failing(503));
        scene
            .answer(route, if route == Route::Conversation { failing(429) } else { Answer::Reset });
    }
    let conversation = consumer.open(&Default::default()).unwrap();
    let kinds = [
        "discovering the account's services: GET ",
        "discovering the account's services: the service answered 503; attempt 2 of 3 in ",
        "obtaining an AppJWT: POST ",
        "obtaining an AppJWT: it is valid for ",
        "identifying the consumer: POST ",
        "no answer (",
        "opening a conversation: POST ",
        "opening a conversation: waiting ",
        " is at [",
        "connected to ",
    ];
    all_name(&taken(&lines), &ids(&scene, Route::Conversation), None, &kinds);

    // A text: refused for its token, then for its haste, then for good.
    let id = conversation.id();
    scene.answer(Route::Token, failing(503));
    for status in [401, 429, 503, 400] {
        scene.answer(Route::Send, failing(status));
    }
    conversation.send_text("a").unwrap_err();
    let kinds = [
        "; once more with another AppJWT [",
        "obtaining an AppJWT: the service answered 503; attempt 2 of 3 in ",
        "sending a text: waiting ",
        "sending a text: the service answered 503; attempt 3 of 3 in ",
        "sending a text: the service answered 400 [",
    ];
    let sent = ids(&scene, Route::Send);
    assert!(sent.len() == 4 && sent.iter().all(|id| *id == sent[0]));
    all_name(&taken(&lines), &sent, Some(id), &kinds);

    // A file: what the storage does is named by the request for the place.
    scene.answer(Route::Storage, Answer::Reset);
    scene.answer(Route::Storage, failing(401));
    scene.answer(Route::Storage, failing(503));
    conversation.send_file(&Attachment::from_bytes(b"GIF89a", "GIF")).unwrap();
    let sent = ids(&scene, Route::Send)[sent.len()..].to_vec();
    assert_eq!(sent.len(), 3, "two places, and the event");
    let lines_of_file = taken(&lines);
    all_name(&lines_of_file, &sent, Some(id), &["uploading the file: PUT ", "attempt 2 of 3 in "]);
    for (status, place) in [("no answer", 0), ("401", 0), ("503", 1), ("201", 1)] {
        let line = |line: &&String| line.contains("PUT ") && line.contains(&format!(": {status}"));
        let line = lines_of_file.iter().find(line).expect(status);
        assert!(line.contains(&format!("[request {},", sent[place])), "{line}");
    }

    // What the caller writes itself has the caller's id, on one line whatever that is.
    consumer.send_json(br#"{"id":"a\n]b","type":"x","body":{}}"#).unwrap_err();
    for line in taken(&lines) {
        assert!(line.ends_with(r" [request a\n]b]"), "{line}");
    }
    // What no request needs names none, and lines of the call before leave nothing behind.
    client.consumer("y").unwrap().jws().unwrap();
    assert!(taken(&lines).iter().all(|line| !line.contains("[request ")));

    // Where there is no way at all.
    config.set("domain.messaging", "http://127.0.0.1:1").unwrap();
    let jws = consumer.jws().unwrap();
    let known = Client::new(&config).unwrap().consumer_from_jws(jws).unwrap();
    let attached = known.attach(id, &AttachOptions::new()).unwrap();
    let error = attached.send_text("b").unwrap_err();
    let never = [error.request_id().to_owned()];
    let kinds =
        ["cannot connect to 127.0.0.1:1: ", "sending a text: cannot connect", "attempt 3 of"];
    all_name(&taken(&lines), &never, Some(id), &kinds);
}

#[test]
fn threads_that_log_at_once_name_their_own_requests() {
    let scene = Scene::new();
    let mut config = scene.config(&[]);
    let lines = listen(&mut config, LogLevel::Trace);
    let client = Client::new(&config).unwrap();
    std::thread::scope(|threads| {
        for n in 0..16 {
            let consumer = client.consumer(&format!("consumer {n}")).unwrap();
            threads.spawn(move || {
                let conversation = consumer.open(&Default::default()).unwrap();
                for _ in 0..5 {
                    conversation.send_text(conversation.id()).unwrap();
                }
            });
        }
    });
    let sent = scene.requests_on(Route::Send);
    let lines = taken(&lines);
    assert_eq!(sent.len(), 80);
    for request in sent {
        let body = scene::json(&request);
        let (id, conversation) = (&body["id"], &body["body"]["conversationId"]);
        let end = format!(
            " [request {}, conversation {}]",
            id.as_str().unwrap(),
            conversation.as_str().unwrap()
        );
        let its = |line: &&String| line.starts_with("sending a text: ") && line.ends_with(&end);
        assert_eq!(lines.iter().filter(its).count(), 1, "{end}");
    }
}

#[test]
fn a_line_about_one_of_a_batch_names_that_one() {
    let scene = Scene::new();
    let mut config = scene.config(&[]);
    let lines = listen(&mut config, LogLevel::Error);
    let client = Client::new(&config).unwrap();
    let consumer = client.consumer("x").unwrap();
    consumer.open(&Default::default()).unwrap();
    let error = consumer.open(&Default::default()).unwrap_err();
    assert_eq!(error.status(), Status::AlreadyOpen);
    let named = format!("[request {}]", error.request_id());
    let errors = logged(&lines, LogLevel::Error);
    assert!(errors.len() == 1 && errors[0].ends_with(&named), "{named}: {errors:?}");
}
