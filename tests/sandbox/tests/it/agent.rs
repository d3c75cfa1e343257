//! The agent on the other side.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Agent, Script, Webhook};

use crate::driver::{Driver, close, event, field, hosted, text};
use crate::endpoint::Endpoint;
use crate::fault::until;

/// An account with an agent, whose notifications go to an endpoint.
fn scene(agent: Option<Agent>) -> (Driver<'static>, Endpoint) {
    let (driver, endpoint) = (Driver::new(), Endpoint::new());
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    driver.sandbox.set_agent(&driver.account.id, agent);
    (driver, endpoint)
}

fn scripted(steps: Value) -> (Driver<'static>, Endpoint) {
    scene(Some(Agent::Script(Script::new(&steps).expect("a script"))))
}

/// What the next notification tells: the role of who did it and what it was, or the roles in the
/// conversation.
fn told(endpoint: &Endpoint) -> Value {
    let change = endpoint.next().change();
    if change["result"].is_null() {
        return json!([change["originatorMetadata"]["role"], change["event"]]);
    }
    let participants = change["result"]["conversationDetails"]["participants"].clone();
    let participants = participants.as_array().expect("participants").iter();
    participants.map(|participant| participant["role"].clone()).collect()
}

const AGENT: &str = "ASSIGNED_AGENT";
const CONSUMER: &str = "CONSUMER";

fn said(role: &str, message: &str) -> Value {
    let event = json!({"type": "ContentEvent", "contentType": "text/plain", "message": message});
    json!([role, event])
}

fn state(state: &str) -> Value {
    json!([AGENT, {"type": "ChatStateEvent", "chatState": state}])
}

fn status(role: &str, status: &str, sequences: &[u64]) -> Value {
    json!([role, {"type": "AcceptStatusEvent", "status": status, "sequenceList": sequences}])
}

fn read(sequences: &[u64]) -> Value {
    json!({"type": "AcceptStatusEvent", "status": "READ", "sequenceList": sequences})
}

#[test]
fn an_echo_answers() {
    let (driver, endpoint) = scene(Some(Agent::Echo));
    let id = driver.open();
    assert_eq!(told(&endpoint), json!([CONSUMER]));
    assert_eq!(told(&endpoint), json!([AGENT, CONSUMER]));
    for (message, sequence) in [("Hello", 0), ("{text} 👍", 4)] {
        assert_eq!(driver.send(&text(&id, message)).status, 200);
        for expected in [
            said(CONSUMER, message),
            status(AGENT, "ACCEPT", &[sequence]),
            status(AGENT, "READ", &[sequence]),
            state("COMPOSING"),
            said(AGENT, &format!("You said: {message}")),
            state("ACTIVE"),
        ] {
            assert_eq!(told(&endpoint), expected, "{message}");
        }
    }
    let path = driver.upload("PNG", b"a cat");
    driver.send(&event(&id, hosted(json!({"relativePath": path, "fileType": "PNG"}))));
    told(&endpoint);
    assert_eq!(told(&endpoint), status(AGENT, "ACCEPT", &[8]));
    assert_eq!(told(&endpoint), status(AGENT, "READ", &[8]));

    let view = driver.conversation();
    let agent = &view["participants"][0];
    assert_eq!(
        (&agent["role"], &view["participants"][1]["role"]),
        (&json!(AGENT), &json!(CONSUMER))
    );
    let answer = &view["events"][4];
    assert_eq!((&answer["sequence"], &answer["role"]), (&json!(3), &json!(AGENT)));
    assert_eq!((&answer["originatorId"], &answer["audience"]), (&agent["id"], &json!("ALL")));
    assert_eq!((&answer["dialogId"], &answer["requestId"]), (&json!(id), &Value::Null));
    let transcript = driver.sandbox.transcript(&driver.account.id);
    for line in
        ["    consumer    0  text \"Hello\"\n", "    agent       3  text \"You said: Hello\"\n"]
    {
        assert!(transcript.contains(line), "{line} is missing in {transcript}");
    }
}

#[test]
fn an_echo_leaves_a_survey_alone() {
    let (driver, endpoint) = scene(Some(Agent::Echo));
    let id = driver.open();
    until(|| driver.conversation()["participants"][0]["role"] == AGENT);
    let survey = driver.sandbox.open_survey(&driver.account.id, &id);
    for message in ["one", "two"] {
        assert_eq!(driver.send(&text(&survey, message)).status, 200);
    }
    for expected in [json!([CONSUMER]), json!([AGENT, CONSUMER]), json!([AGENT, CONSUMER])] {
        assert_eq!(told(&endpoint), expected);
    }
    assert_eq!(told(&endpoint), said(CONSUMER, "one"));
    assert_eq!(told(&endpoint), said(CONSUMER, "two"));
}

#[test]
fn each_conversation_has_its_agent() {
    let (driver, _endpoint) = scene(Some(Agent::Echo));
    let drivers = [driver.with("bob"), driver.with("carol")];
    let ids = drivers.each_ref().map(Driver::open);
    for (driver, id) in drivers.iter().zip(&ids) {
        assert_eq!(driver.send(&text(id, id)).status, 200);
    }
    driver.sandbox.set_agent(&driver.account.id, None);
    let alone = driver.open();
    let conversations = || driver.sandbox.conversations(&driver.account.id);
    for (number, id) in ids.iter().enumerate() {
        until(|| conversations()[number]["events"].as_array().map(Vec::len) == Some(6));
        let answer = conversations()[number]["events"][4]["event"]["message"].clone();
        assert_eq!(answer, format!("You said: {id}"));
    }
    assert_ne!(conversations()[0]["participants"][0], conversations()[1]["participants"][0]);
    assert_eq!(driver.send(&text(&alone, "Hello")).status, 200);
    assert_eq!(conversations()[2]["participants"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_script_is_followed() {
    let quick = json!({"type": "quickReplies", "replies": []});
    let rich = json!({"type": "vertical", "elements": [{"type": "text", "text": "Well?"}]});
    let (driver, endpoint) = scripted(json!([
        {"join": true},
        {"wait_for": "text"},
        {"accept": true},
        {"read": true},
        {"pause_ms": 1},
        {"type": true},
        {"say": "Hello, {text}!", "quick_replies": quick},
        {"wait_for": "read"},
        {"rich": rich, "quick_replies": quick},
        {"type": true},
        {"type": false},
        {"wait_for": "file"},
        {"file": {"name": "a.png", "base64": "YSBjYXQ=", "caption": "Mine"}},
        {"note": "a cat person"},
        {"transfer": "42"},
        {"say": "I take over"},
        {"survey": true},
        {"wait_for": "rating"},
        {"close": true},
    ]));
    let id = driver.open();
    assert_eq!(told(&endpoint), json!([CONSUMER]));
    assert_eq!(told(&endpoint), json!([AGENT, CONSUMER]));
    assert_eq!(driver.send(&text(&id, "Alice")).status, 200);
    let mut hello = said(AGENT, "Hello, Alice!");
    hello[1]["quickReplies"] = quick.clone();
    for expected in [
        said(CONSUMER, "Alice"),
        status(AGENT, "ACCEPT", &[0]),
        status(AGENT, "READ", &[0]),
        state("COMPOSING"),
        hello,
        state("ACTIVE"),
    ] {
        assert_eq!(told(&endpoint), expected);
    }
    assert_eq!(driver.send(&event(&id, read(&[3]))).status, 200);
    assert_eq!(told(&endpoint), json!([CONSUMER, read(&[3])]));
    let rich = json!({"type": "RichContentEvent", "content": rich, "quickReplies": quick});
    assert_eq!(told(&endpoint), json!([AGENT, rich]));
    assert_eq!(told(&endpoint), state("COMPOSING"));
    assert_eq!(told(&endpoint), state("ACTIVE"));

    let path = driver.upload("PNG", b"my cat");
    driver.send(&event(&id, hosted(json!({"relativePath": path, "fileType": "PNG"}))));
    told(&endpoint);
    let file = told(&endpoint)[1]["message"].clone();
    assert_eq!((&file["fileType"], &file["caption"]), (&json!("PNG"), &json!("Mine")));
    let path = file["relativePath"].as_str().expect("a path");
    assert_eq!(driver.sandbox.file(&driver.account.id, path).as_deref(), Some(&b"a cat"[..]));
    let note = endpoint.next().change();
    assert_eq!(note["event"]["message"], "a cat person");
    assert_eq!(
        (&note["messageAudience"], &note["sequence"]),
        (&json!("AGENTS_AND_MANAGERS"), &json!(8))
    );

    let transfer = endpoint.next().change()["result"]["conversationDetails"].clone();
    assert_eq!(transfer["skillId"], "42");
    assert_eq!(transfer["participants"].as_array().map(Vec::len), Some(1));
    assert_eq!(told(&endpoint), json!([AGENT, CONSUMER]), "somebody else");
    assert_eq!(told(&endpoint), said(AGENT, "I take over"));
    let survey = endpoint.next().change()["result"]["conversationDetails"].clone();
    assert_eq!(survey["dialogs"][1]["dialogType"], "POST_SURVEY");
    let rating = json!({"field": "CSATRate", "csatRate": 5, "status": "FILLED"});
    assert_eq!(driver.send(&field(&id, rating)).status, 200);
    let rated = endpoint.next().change()["result"]["conversationDetails"].clone();
    assert_eq!((&rated["stage"], &rated["csat"]["csatRate"]), (&json!("OPEN"), &json!(5)));
    let closed = endpoint.next().change()["result"]["conversationDetails"].clone();
    assert_eq!((&closed["stage"], &closed["closeReason"]), (&json!("CLOSE"), &json!("AGENT")));
    assert_eq!(driver.conversation()["skillId"], "42");
    let transcript = driver.sandbox.transcript(&driver.account.id);
    assert!(transcript.contains("    private     8  text \"a cat person\"\n"), "{transcript}");
}

#[test]
fn a_script_finds_what_was_said_with_the_opening() {
    let (driver, _endpoint) =
        scripted(json!([{"wait_for": "text"}, {"read": true}, {"say": "You said {text}"}]));
    driver.batch(&driver.opening_with(text("", "Hello")));
    until(|| driver.conversation()["events"].as_array().map(Vec::len) == Some(3));
    let view = driver.conversation();
    assert_eq!(view["events"][2]["event"]["message"], "You said Hello");
    assert_eq!(view["participants"][0]["role"], AGENT, "who speaks has joined");
}

#[test]
fn what_cannot_be_done_is_left_out() {
    let (driver, _endpoint) =
        scripted(json!([{"read": true}, {"join": true}, {"join": true}, {"say": "Hello"}]));
    driver.open();
    until(|| driver.conversation()["events"][0]["event"]["message"] == "Hello");
}

#[test]
fn a_wrong_script_is_refused() {
    for (script, named) in [
        (json!({"say": "x"}), "array"),
        (json!([{"say": "x"}, {"dance": true}]), "step 2: \"dance\" is unknown"),
        (json!(["say"]), "step 1"),
    ] {
        let error = Script::new(&script).expect_err("a wrong script");
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn an_agent_acts_by_hand() {
    let (driver, endpoint) = scene(None);
    let id = driver.open();
    let act = |step: Value| driver.sandbox.act_as_agent(&driver.account.id, &id, &step);
    assert_eq!(told(&endpoint), json!([CONSUMER]));
    let agent = act(json!({"join": true}))["agentId"].clone();
    assert_eq!(
        endpoint.next().change()["result"]["conversationDetails"]["participants"][0]["id"],
        agent
    );
    assert_eq!(act(json!({"say": "Hello"})), json!({"sequence": 0}));
    assert_eq!(act(json!({"type": true})), json!({}));
    assert_eq!(act(json!({"note": "private"})), json!({"sequence": 1}));
    assert_eq!(act(json!({"say": "there"})), json!({"sequence": 2}));
    for expected in [
        said(AGENT, "Hello"),
        state("COMPOSING"),
        said(AGENT, "private"),
        said(AGENT, "there"),
        state("ACTIVE"),
    ] {
        assert_eq!(told(&endpoint), expected);
    }
    let survey = act(json!({"survey": true}))["dialogId"].clone();
    told(&endpoint);
    act(json!({"say": "How was it?"}));
    assert_eq!(endpoint.next().change()["dialogId"], survey);
    act(json!({"close": true}));
    assert_eq!(driver.conversation()["stage"], "CLOSE");
    assert_eq!(driver.send(&close(&id)).status, 400);
}
