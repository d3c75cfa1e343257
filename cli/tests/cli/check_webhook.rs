//! `lpc check --webhook`: a webhook that does as it should, and such that do not.

use std::time::Duration;

use crate::scene::{Ran, Scene, nobody, server, server_of};

/// The last lines: those of the webhook.
fn outcome(scene: &Scene, url: &str) -> (Ran, String) {
    let ran = scene.run(&["check", "--webhook", url]);
    let words = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let lines = ran.out.lines().skip_while(|line| !line.contains(" consumer ")).skip(1);
    let outcome = lines.filter(|line| !line.starts_with(' ')).map(words).collect::<Vec<_>>();
    (ran, outcome.join(", "))
}

#[test]
fn one_that_takes_what_is_signed_right_and_nothing_else_is_well() {
    let scene = Scene::over_tls();
    scene.sandbox.reserve_receiver(&scene.account.id);
    let receiver = scene.receiver(&[]);
    let (ran, outcome) = outcome(&scene, receiver.url());
    assert_eq!(outcome, "ok name, ok connection, ok webhook, ok signature", "{}", ran.out);
    ran.ends(0);
    let notification = receiver.poll(Duration::from_secs(60)).unwrap().unwrap();
    assert!(notification.events().iter().all(|event| event.text().is_empty()), "nothing happened");
    assert!(receiver.poll(Duration::ZERO).unwrap().is_none(), "what is signed wrong is not there");
}

#[test]
fn one_without_tls_is_a_warning() {
    let scene = Scene::new();
    let receiver = scene.receiver(&[]);
    let (ran, outcome) = outcome(&scene, receiver.url());
    assert_eq!(outcome, "ok name, ok connection, warning webhook, ok signature", "{}", ran.out);
    assert!(ran.ends(0).out.contains("The service posts over TLS alone"));
}

#[test]
fn one_with_another_secret_is_told_from_one_with_another_path() {
    let scene = Scene::new();
    let receiver = scene.receiver(&[("receiver.secret", "another")]);
    let (ran, words) = outcome(&scene, receiver.url());
    assert_eq!(words, "ok name, ok connection, failed webhook, skipped signature", "{}", ran.out);
    assert!(ran.ends(3).out.contains("answers 401"));

    let receiver = scene.receiver(&[]);
    let (ran, _) = outcome(&scene, &format!("{}elsewhere", receiver.url()));
    assert!(ran.ends(3).out.contains("-> See whether the path is right"));
}

#[test]
fn one_that_takes_whatever_comes_is_wrong() {
    let scene = Scene::new();
    let open = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let (ran, outcome) = outcome(&scene, &format!("http://{open}/"));
    assert_eq!(outcome, "ok name, ok connection, warning webhook, failed signature", "{}", ran.out);
    assert!(ran.ends(3).out.contains("Anybody can post there"));
}

#[test]
fn one_that_answers_what_the_service_does_not_count_is_wrong() {
    let scene = Scene::new();
    for (answer, code) in [
        ("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 3),
        ("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 3),
        ("HTTP/1.1 503 Later\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 1),
    ] {
        let (ran, outcome) = outcome(&scene, &format!("http://{}/", server(answer)));
        assert!(outcome.ends_with("failed webhook, skipped signature"), "{}", ran.out);
        ran.ends(code);
    }
}

#[test]
fn one_that_breaks_off_may_do_better_later() {
    let refuses = "HTTP/1.1 405 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (ran, outcome) = outcome(&Scene::new(), &format!("http://{}/", server_of("", refuses)));
    assert!(outcome.ends_with("ok connection, failed webhook, skipped signature"), "{}", ran.out);
    ran.ends(1);
}

#[test]
fn one_that_nobody_answers_for_is_not_reached() {
    let scene = Scene::new();
    let (ran, words) = outcome(&scene, &format!("http://{}/", nobody()));
    assert_eq!(words, "ok name, failed connection, skipped webhook", "{}", ran.out);
    ran.ends(1);
    let (ran, _) = outcome(&scene, "https://me:secret@127.0.0.1/");
    let ran = ran.ends(2);
    assert!(!ran.out.contains("secret@") && !ran.err.contains("secret@"), "{}", ran.err);
}
