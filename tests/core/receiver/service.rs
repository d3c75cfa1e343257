//! The sandbox delivers, as the service does.

use lpc_sandbox::{Agent, Retry, Webhook};

use super::*;

fn listen(scene: &Scene, receiver: &Receiver) {
    let retry = Retry::Times { max: 5 };
    let webhook = Webhook { retry, time_scale: 0.001, ..Webhook::to(receiver.url()) };
    scene.sandbox.set_webhook(&scene.account.id, webhook);
}

/// The next text of somebody who is no consumer.
fn answer(receiver: &Receiver) -> String {
    loop {
        let notification = receiver.poll(Duration::MAX).unwrap().unwrap();
        receiver.ack(&notification).unwrap();
        for event in notification.events() {
            if event.originator_role() == "ASSIGNED_AGENT" && event.text().starts_with("You said") {
                return event.text().to_owned();
            }
        }
    }
}

#[test]
fn an_agent_answers() {
    for options in [&[][..], &[("receiver.ack", "manual")], &[("receiver.order", "true")]] {
        let scene = Scene::new();
        let receiver = Receiver::new(&scene.config(options)).unwrap();
        listen(&scene, &receiver);
        scene.sandbox.set_agent(&scene.account.id, Some(Agent::Echo));
        let conversation = scene.conversation();
        for text in ["Hi", "où ? 👍"] {
            conversation.send_text(text).unwrap();
            assert_eq!(answer(&receiver), format!("You said: {text}"));
        }
    }
}

#[test]
fn an_agent_answers_over_https() {
    let scene = Scene::over_tls(&[]);
    let (certificate, key) = scene.sandbox.receiver_certificate().unwrap();
    let options = [
        ("receiver.tls.cert.file", certificate.to_str().unwrap()),
        ("receiver.tls.key.file", key.to_str().unwrap()),
    ];
    let receiver = Receiver::new(&scene.config(&options)).unwrap();
    assert!(receiver.url().starts_with("https://127.0.0.1:"), "{}", receiver.url());
    // Who does not speak TLS, or nothing, disturbs nobody.
    let _silent = connect(address(&receiver));
    let mut plain = connect(address(&receiver));
    plain.write_all(HEAD.as_bytes()).unwrap();
    listen(&scene, &receiver);
    scene.sandbox.set_agent(&scene.account.id, Some(Agent::Echo));
    scene.conversation().send_text("Hi").unwrap();
    assert_eq!(answer(&receiver), "You said: Hi");
}

#[test]
fn what_it_delivers_twice_or_out_of_order_comes_out_right() {
    let scene = Scene::new();
    let options = [("receiver.order", "true"), ("receiver.order.wait.ms", "86400000")];
    let receiver = Receiver::new(&scene.config(&options)).unwrap();
    listen(&scene, &receiver);
    let (sandbox, account) = (scene.sandbox, &*scene.account.id);
    sandbox.duplicate_next(account);
    sandbox.reorder_next(account);
    for sequence in 0..3 {
        sandbox.notify(account, text("c", sequence, &sequence.to_string()));
    }
    for expected in ["0", "1", "2"] {
        let next = receiver.poll(Duration::MAX).unwrap().unwrap();
        assert_eq!(text_of(&next), expected);
    }
    while sandbox.pending(account) > 0 {
        std::thread::yield_now();
    }
    assert!(receiver.poll(Duration::ZERO).unwrap().is_none());
    let deliveries = sandbox.deliveries(account);
    assert_eq!(deliveries.len(), 4, "{deliveries:?}");
    assert!(deliveries.iter().all(|delivery| delivery.status == Some(200)), "{deliveries:?}");
}

#[test]
fn what_found_no_room_comes_again() {
    let scene = Scene::new();
    let receiver = Receiver::new(&scene.config(&[("receiver.queue.max", "1")])).unwrap();
    let retry = Retry::Retention { time: Duration::from_secs(3600) };
    let webhook = Webhook { retry, time_scale: 0.0005, ..Webhook::to(receiver.url()) };
    scene.sandbox.set_webhook(&scene.account.id, webhook);
    for sequence in 0..5 {
        scene.sandbox.notify(&scene.account.id, text("c", sequence, &sequence.to_string()));
    }
    let refused = || {
        let deliveries = scene.sandbox.deliveries(&scene.account.id);
        deliveries.iter().any(|delivery| delivery.status == Some(503))
    };
    while !refused() {
        std::thread::yield_now();
    }
    for expected in ["0", "1", "2", "3", "4"] {
        assert_eq!(text_of(&receiver.poll(Duration::MAX).unwrap().unwrap()), expected);
    }
}
