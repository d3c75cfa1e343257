//! Who speaks for the brand: assigned agents, other agents, managers.

use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Agent, Script, Webhook};

use crate::driver::{Driver, text};
use crate::endpoint::Endpoint;
use crate::fault::until;

pub fn roles(participants: &Value) -> Vec<&str> {
    let participants = participants.as_array().expect("participants").iter();
    participants.map(|it| it["role"].as_str().expect("a role")).collect()
}

#[test]
fn a_manager_speaks() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    driver.sandbox.set_webhook(&driver.account.id, Webhook::to(endpoint.url()));
    let id = driver.open();
    endpoint.next();
    let act = |step: Value| driver.sandbox.act_as_agent(&driver.account.id, &id, &step);
    act(json!({"say": "I look into it", "as": "MANAGER"}));
    let joined = endpoint.next().change()["result"]["conversationDetails"].clone();
    assert_eq!(roles(&joined["participants"]), ["MANAGER", "CONSUMER"]);
    assert_eq!(roles(&joined["dialogs"][0]["participantsDetails"]), ["MANAGER", "CONSUMER"]);
    let said = endpoint.next().change();
    let manager = &joined["participants"][0];
    assert_eq!((&said["originatorMetadata"], &said["originatorId"]), (manager, &manager["id"]));

    act(json!({"say": "So do I", "metadata": [{"type": "BotResponse"}]}));
    let joined = endpoint.next().change()["result"]["conversationDetails"].clone();
    assert_eq!(roles(&joined["participants"]), ["MANAGER", "ASSIGNED_AGENT", "CONSUMER"]);
    let said = endpoint.next().change();
    assert_eq!(said["originatorMetadata"]["role"], "ASSIGNED_AGENT");
    assert_eq!(said["metadata"], json!([{"type": "BotResponse"}]));

    assert_eq!(driver.send(&text(&id, "Hello")).status, 200);
    for step in ["accept", "read", "type"] {
        act(json!({step: true, "as": "MANAGER"}));
    }
    act(json!({"note": "odd", "as": "MANAGER"}));
    act(json!({"say": "Done", "as": "MANAGER"}));
    // After what the consumer said; the last one stops typing.
    let told: Vec<Value> = (0..7).map(|_| endpoint.next().change()).skip(1).collect();
    assert!(told.iter().all(|it| it["originatorMetadata"] == *manager), "{told:?}");
    assert_eq!(told[5]["event"]["chatState"], "ACTIVE");
    act(json!({"transfer": "7"}));
    assert_eq!(roles(&driver.conversation()["participants"]), ["MANAGER", "CONSUMER"]);
    let transcript = driver.sandbox.transcript(&driver.account.id);
    assert!(transcript.contains("    manager     6  text \"Done\"\n"), "{transcript}");
    assert!(transcript.contains("    private     5  text \"odd\"\n"), "{transcript}");
}

#[test]
fn one_who_types_does_not_stop_another() {
    let driver = Driver::new();
    let id = driver.open();
    let act = |step: Value| driver.sandbox.act_as_agent(&driver.account.id, &id, &step);
    act(json!({"type": true, "as": "AGENT"}));
    act(json!({"say": "Hello"}));
    let events = driver.conversation()["events"].clone();
    assert_eq!(events.as_array().map(Vec::len), Some(2), "{events}");
    assert_eq!(
        (&events[0]["role"], &events[1]["role"]),
        (&json!("AGENT"), &json!("ASSIGNED_AGENT"))
    );
}

#[test]
fn a_script_names_the_role() {
    let driver = Driver::new();
    let script = json!([{"join": true, "as": "MANAGER"}, {"say": "Welcome", "as": "MANAGER"}]);
    let agent = Agent::Script(Script::new(&script).expect("a script"));
    driver.sandbox.set_agent(&driver.account.id, Some(agent));
    driver.open();
    until(|| driver.conversation()["events"][0]["role"] == "MANAGER");
    assert_eq!(roles(&driver.conversation()["participants"]), ["MANAGER", "CONSUMER"]);
    let wrong = Script::new(&json!([{"say": "Hello", "as": "BOSS"}])).expect_err("a wrong role");
    assert!(wrong.contains("ASSIGNED_AGENT, AGENT, MANAGER"), "{wrong}");
}
