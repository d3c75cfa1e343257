//! Rich content.

use lpc_sandbox::serde_json::{Value, json};

use crate::driver::{Driver, event};

fn rich(content: Value) -> Value {
    json!({"type": "RichContentEvent", "content": content})
}

/// A text in so many containers.
fn nested(depth: usize) -> Value {
    ["vertical", "horizontal", "carousel"]
        .iter()
        .cycle()
        .take(depth)
        .fold(json!({"type": "text"}), |inner, kind| json!({"type": kind, "elements": [inner]}))
}

#[test]
fn elements_and_containers_are_published() {
    let driver = Driver::new();
    let id = driver.open();
    let card = json!({"type": "vertical", "elements": [
        {"type": "image", "url": "https://example.com/cat.png"},
        {"type": "text", "text": "A cat"},
        {"type": "horizontal", "elements": [{"type": "button", "title": "Buy"}]},
    ]});
    let mut sent = vec![
        card.clone(),
        json!({"type": "carousel", "padding": 10, "elements": [card, {"type": "newKind"}]}),
        json!({"type": "vertical", "elements": []}),
        nested(4),
    ];
    sent.extend(
        ["button", "text", "image", "map", "list", "datePicker"].map(|kind| json!({"type": kind})),
    );
    for content in &sent {
        let reply = driver.send(&event(&id, rich(content.clone())));
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let conversation = driver.conversation();
    let held = conversation["events"].as_array().expect("events");
    let held: Vec<&Value> = held.iter().map(|held| &held["event"]["content"]).collect();
    assert_eq!(held, sent.iter().collect::<Vec<_>>());
}

#[test]
fn wrong_content_is_refused() {
    let driver = Driver::new();
    let id = driver.open();
    let within = |element: Value| {
        let row = json!({"type": "horizontal", "elements": [{"type": "text"}, element]});
        json!({"type": "carousel", "elements": [row]})
    };
    for content in [
        Value::Null,
        json!("x"),
        json!([{"type": "text"}]),
        json!({}),
        json!({"type": ""}),
        json!({"type": 5}),
        json!({"type": "vertical"}),
        json!({"type": "horizontal", "elements": {}}),
        json!({"type": "carousel", "elements": null}),
        within(json!("x")),
        within(Value::Null),
        within(json!({})),
        within(json!({"type": 5})),
        within(json!({"type": "vertical"})),
        nested(5),
    ] {
        let reply = driver.send(&event(&id, rich(content.clone())));
        assert_eq!(reply.status, 400, "{content}");
        assert_eq!(reply.json()["body"]["title"], "Invalid rich content", "{content}");
    }
    let reply = driver.send(&event(&id, rich(within(json!({"type": 5}))))).json();
    let details = reply["body"]["details"].as_str().expect("details");
    assert!(details.starts_with("content.elements[0].elements[1] "), "{details}");
}
