//! `lpc send`: what agents see of it, and what it says came of it.

use lpc_sandbox::serde_json::Value;
use lpc_sandbox::{Answer, Route};

use crate::scene::{Scene, file};

/// The texts that arrived, over all conversations, in order.
fn texts(scene: &Scene) -> Vec<String> {
    let conversations = scene.sandbox.conversations(&scene.account.id);
    let events = conversations.iter().flat_map(|it| it["events"].as_array().unwrap());
    events.filter_map(|event| event["event"]["message"].as_str().map(str::to_owned)).collect()
}

fn only_conversation(scene: &Scene) -> Value {
    let mut conversations = scene.sandbox.conversations(&scene.account.id);
    assert_eq!(conversations.len(), 1);
    conversations.remove(0)
}

#[test]
fn a_text_arrives_in_a_conversation_whose_ids_are_printed() {
    let scene = Scene::over_tls();
    let ran = scene.run(&["send", "+49151", "Grüße"]).ends(0);
    let conversation = only_conversation(&scene);
    let id = conversation["id"].as_str().unwrap();
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[..2], [format!("conversation {id} (opened)"), format!("dialog {id}")]);
    assert!(
        lines[2].starts_with("text: sequence 0, request ") && lines[2].ends_with(", 1 attempt")
    );
    assert_eq!(lines.len(), 3);

    // And on with it: a program reads the ids, and gives them back.
    let ran = scene.run(&["send", "+49151", "more", "--attach", id, "--close", "--json"]).ends(0);
    let told = &ran.json()[0];
    assert_eq!((&told["conversation_id"], &told["opened"]), (&id.into(), &false.into()));
    let sent: Vec<&str> =
        told["sent"].as_array().unwrap().iter().map(|it| it["what"].as_str().unwrap()).collect();
    assert_eq!(sent, ["text", "closed"]);
    assert_eq!(told["sent"][0]["sequence"], 1);
    assert_eq!(texts(&scene), ["Grüße", "more"]);
    assert_eq!(only_conversation(&scene)["state"], "CLOSE");
    scene.run(&["send", "+49151", "too late", "--attach", id]).ends(3);
}

#[test]
fn a_text_comes_from_the_standard_input_and_a_file_from_the_disk() {
    let scene = Scene::new();
    let (_kept, path) = file("cat.png", b"\x89PNG\r\n\x1a\n");
    let path = path.to_str().unwrap();
    let ran = scene.run_with("two\nlines\n", &["send", "me", "-", "--file", path]).ends(0);
    assert!(ran.out.contains("\ntext: sequence 0, ") && ran.out.contains("\nfile: sequence 1, "));
    assert_eq!(texts(&scene), ["two\nlines"]);

    for (input, says) in [("", "is empty"), ("\n", "is empty")] {
        let ran = scene.run_with(input, &["send", "you", "-"]).ends(2);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
    let ran = scene.run(&["send", "you", "--file", "/nowhere.png"]).ends(2);
    assert!(ran.err.contains("/nowhere.png") && ran.out.is_empty(), "{}", ran.err);
}

#[test]
fn options_for_opening_reach_the_service() {
    let scene = Scene::new();
    scene.run(&["send", "me", "Hi", "--open", r#"{"skillId":"4711"}"#]).ends(0);
    let requests = scene.sandbox.requests(&scene.account.id);
    let opened = requests.iter().find(|it| it.route == Route::Conversation).unwrap();
    assert!(String::from_utf8_lossy(&opened.body).contains(r#""skillId":"4711""#));
}

#[test]
fn who_has_a_conversation_is_told_how_to_go_on() {
    let scene = Scene::new();
    scene.run(&["send", "me", "Hi"]).ends(0);
    let ran = scene.run(&["send", "me", "Hi"]).ends(3);
    assert!(ran.err.contains("--attach") && ran.out.is_empty(), "{}", ran.err);
    let ran = scene.run(&["send", "me", "Hi", "--json"]).ends(3);
    assert_eq!(ran.json()[0]["error"]["status"], "ALREADY_OPEN");
    assert_eq!(ran.err, "");
}

#[test]
fn what_may_have_arrived_has_a_code_of_its_own() {
    let scene = Scene::new();
    let lose = || scene.sandbox.answer_next(&scene.account.id, Route::Send, Answer::Lose);
    lose();
    let ran = scene.run(&["send", "me", "Hi"]).ends(4);
    assert!(ran.err.contains("It may have arrived: look before you send it again"), "{}", ran.err);
    assert!(ran.out.contains("(opened)"), "the ids to look with: {}", ran.out);
    lose();
    let ran = scene.run(&["send", "you", "Hi", "--json"]).ends(4);
    let told = &ran.json()[0];
    assert_eq!((&told["opened"], &told["error"]["maybe_delivered"]), (&true.into(), &true.into()));
}

#[test]
fn what_passes_and_what_does_not_are_told_apart() {
    let scene = Scene::new();
    let away = Answer::Status { status: 503, headers: Vec::new(), body: Vec::new() };
    scene.sandbox.answer_next(&scene.account.id, Route::Token, away);
    let ran = scene.run(&["send", "me", "Hi", "--set", "retry.max.attempts=1"]).ends(1);
    assert!(ran.err.starts_with("lpc: obtaining an AppJWT: ") && ran.err.lines().count() == 1);
    // With another attempt it is a warning, and the text arrives.
    let away = Answer::Status { status: 503, headers: Vec::new(), body: Vec::new() };
    scene.sandbox.answer_next(&scene.account.id, Route::Token, away);
    let ran = scene.run(&["send", "me", "Hi"]).ends(0);
    assert!(ran.err.contains("attempt 2 of 4"), "{}", ran.err);
}

#[test]
fn nobody_who_reads_changes_nothing_about_what_is_sent() {
    let scene = Scene::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let sent = scene.lpc(&["send", "me", "Hi"]).stdout(writer).output().unwrap();
    let ran = scene.ended(sent).ends(0);
    assert_eq!((texts(&scene), ran.err), (vec!["Hi".to_owned()], String::new()));
    if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
        let sent = scene.lpc(&["send", "you", "Hi"]).stdout(full).output().unwrap();
        scene.ended(sent).ends(4);
        assert_eq!(texts(&scene).len(), 2);
    }
}
