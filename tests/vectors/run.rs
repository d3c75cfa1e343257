//! Runs one case: makes its account, has the driver perform the call, compares.

use lpc_sandbox::{Account, Answer, Request, Route, Sandbox};
use serde_json::{Map, Value, json};

use crate::case::{Canned, Case, Expected, Step};
use crate::driver::{Driver, hex};
use crate::pattern::Bindings;

/// Runs a case with an account of its own; the error is the first difference.
pub fn case(sandbox: &Sandbox, driver: &mut dyn Driver, case: &Case) -> Result<(), String> {
    let account = sandbox.new_account();
    let mut known = Bindings::default();
    known.set("account", &account.id);
    known.set("client", &account.client_id);
    known.set("secret", &account.client_secret);
    known.set("host", sandbox.url().trim_start_matches("http://"));
    perform(driver, &mut known, "client", &options(sandbox, &account, case))?;
    let usual = usual_steps(&case.call);
    for step in case.before.as_ref().unwrap_or(&usual) {
        match step {
            Step::Call { call, args } => perform(driver, &mut known, call, args)?,
            Step::Sandbox { sandbox: what } => happen(sandbox, &account, &mut known, what)?,
        }
    }
    let earlier = sandbox.requests(&account.id).len();
    for (route, answers) in &case.answers {
        for answer in answers {
            sandbox.answer_next(&account.id, route_of(route)?, canned(answer, &known)?);
        }
    }

    let outcome = driver.call(&case.call, &filled(&case.args, &known))?;

    if !known.has("conversation")
        && let Some(id) = sandbox.conversations(&account.id).last().and_then(|c| c["id"].as_str())
    {
        known.set("conversation", id);
        known.set("dialog", id);
    }
    let came = sandbox.requests(&account.id).split_off(earlier);
    requests(&case.requests, &came, &mut known)
        .map_err(|why| format!("{why}; outcome: {outcome}"))?;
    compare_outcome(case, &outcome, &mut known)
}

/// What is done before a call where the case does not say: a call on a conversation has one, and
/// others have their tokens, so that the requests of a case are those of its call.
fn usual_steps(call: &str) -> Vec<Step> {
    let on_a_consumer = ["open", "attach", "lp_id", "send_json", "batch_json"].contains(&call);
    let call = if on_a_consumer { "lp_id" } else { "open" }.to_owned();
    vec![Step::Call { call, args: Map::new() }]
}

fn options(sandbox: &Sandbox, account: &Account, case: &Case) -> Map<String, Value> {
    let variables = sandbox.variables(account).into_iter().map(|(name, value)| {
        (name.trim_start_matches("LPC_").to_lowercase().replace('_', "."), Value::from(value))
    });
    // A failure is seen at once; cases about retries say how often and after which waits.
    let once = ("retry.max.attempts".to_owned(), Value::from("1"));
    let own = case.options.iter().map(|(key, value)| (key.clone(), value.as_str().into()));
    variables.chain([once]).chain(own).collect()
}

fn filled(args: &Map<String, Value>, known: &Bindings) -> Map<String, Value> {
    args.iter().map(|(name, value)| (name.clone(), known.fill_all(value))).collect()
}

/// A call that must succeed.
fn perform(
    driver: &mut dyn Driver,
    known: &mut Bindings,
    call: &str,
    args: &Map<String, Value>,
) -> Result<(), String> {
    let outcome = driver.call(call, &filled(args, known))?;
    let result =
        outcome.get("result").ok_or_else(|| format!("before the call, {call}: {outcome}"))?;
    for (name, member) in [("conversation", "conversation_id"), ("dialog", "dialog_id")] {
        if let Some(id) = result[member].as_str() {
            known.set(name, id);
        }
    }
    Ok(())
}

fn happen(
    sandbox: &Sandbox,
    account: &Account,
    known: &mut Bindings,
    what: &str,
) -> Result<(), String> {
    let conversation = known.fill("$conversation");
    match what {
        "close_conversation" => sandbox.close_conversation(&account.id, &conversation),
        "open_survey" => known.set("dialog", &sandbox.open_survey(&account.id, &conversation)),
        other => return Err(format!("the sandbox knows no step {other}")),
    }
    Ok(())
}

const ROUTES: [(&str, Route); 6] = [
    ("domain", Route::Domain),
    ("token", Route::Token),
    ("consumer", Route::Consumer),
    ("conversation", Route::Conversation),
    ("send", Route::Send),
    ("storage", Route::Storage),
];

fn route_of(name: &str) -> Result<Route, String> {
    let found = ROUTES.iter().find(|(known, _)| *known == name);
    found.map(|(_, route)| *route).ok_or_else(|| format!("there is no route {name}"))
}

fn name_of(route: Route) -> &'static str {
    ROUTES.iter().find(|(_, known)| *known == route).map_or("other", |(name, _)| name)
}

fn canned(answer: &Canned, known: &Bindings) -> Result<Answer, String> {
    Ok(match answer {
        Canned::Status { status, headers, body } => Answer::Status {
            status: *status,
            headers: headers.clone().into_iter().collect(),
            body: match known.fill_all(body) {
                Value::Null => Vec::new(),
                Value::String(text) => text.into_bytes(),
                json => json.to_string().into_bytes(),
            },
        },
        Canned::Broken { broken } => match broken.as_str() {
            "reset" => Answer::Reset,
            "lose" => Answer::Lose,
            "cut" => Answer::Cut,
            other => return Err(format!("no answer breaks off as {other}")),
        },
    })
}

fn requests(expected: &[Expected], came: &[Request], known: &mut Bindings) -> Result<(), String> {
    let wanted: Vec<&str> = expected.iter().map(|request| request.route.as_str()).collect();
    let routes: Vec<&str> = came.iter().map(|request| name_of(request.route)).collect();
    if wanted != routes {
        return Err(format!("requests: expected {wanted:?}, got {routes:?}"));
    }
    for (index, (expected, came)) in expected.iter().zip(came).enumerate() {
        let at = format!("request {} ({})", index + 1, expected.route);
        request(expected, came, known).map_err(|why| format!("{at}: {why}"))?;
    }
    Ok(())
}

fn request(expected: &Expected, came: &Request, known: &mut Bindings) -> Result<(), String> {
    head(expected, came, known)?;
    let text = String::from_utf8_lossy(&came.body);
    match (&expected.body, &expected.raw, &expected.hex) {
        (Some(json), None, None) if json == "$any" => {}
        (Some(json), None, None) => {
            let body = serde_json::from_str(&text).map_err(|why| format!("{why}: {text:?}"))?;
            known.json(json, &body).map_err(|why| format!("body{why}"))?;
        }
        (None, Some(raw), None) => {
            known.text(raw, &text).map_err(|why| format!("raw body: {why}"))?;
        }
        (None, None, Some(bytes)) if hex(bytes)? == came.body => {}
        (None, None, Some(bytes)) => {
            return Err(format!("body: expected {:02x?}, got {:02x?}", hex(bytes)?, came.body));
        }
        (None, None, None) if came.body.is_empty() => {}
        (None, None, None) => return Err(format!("body: none expected, got {text:?}")),
        _ => return Err("the case has more than one of body, raw and hex".to_owned()),
    }
    let properties = came.header("client-properties");
    match (&expected.client_properties, properties.map(serde_json::from_str::<Value>)) {
        (None, None) => Ok(()),
        (Some(json), Some(Ok(came))) => {
            known.json(json, &came).map_err(|why| format!("client_properties{why}"))
        }
        (expected, _) => {
            Err(format!("client_properties: expected {expected:?}, got {properties:?}"))
        }
    }
}

/// Method, path and headers: those of the messaging routes are always the same.
fn head(expected: &Expected, came: &Request, known: &mut Bindings) -> Result<(), String> {
    let base = "/api/account/$account/messaging/consumer/conversation";
    let (path, messaging) = match (&expected.path, expected.route.as_str()) {
        (Some(path), _) => (path.clone(), false),
        (None, "conversation") => (format!("{base}?v=3"), true),
        (None, "send") => (format!("{base}/send?v=3"), true),
        (None, _) => return Ok(()),
    };
    if expected.method.as_ref().is_some_and(|method| *method != came.method) {
        return Err(format!("method: expected {:?}, got {}", expected.method, came.method));
    }
    known.text(&path, &came.path).map_err(|why| format!("path: {why}"))?;
    let tokens = ["authorization", "x-lp-on-behalf"].map(|name| came.header(name).is_some());
    if messaging {
        let kind = came.header("content-type");
        if came.method != "POST" || kind != Some("application/json") || tokens != [true, true] {
            return Err(format!("{} of {kind:?} with the tokens {tokens:?}", came.method));
        }
    }
    Ok(())
}

fn compare_outcome(case: &Case, outcome: &Value, known: &mut Bindings) -> Result<(), String> {
    let wants = if case.result.is_some() { "result" } else { "error" };
    let Some(actual) = outcome.get(wants) else {
        return Err(format!("expected a {wants}, got {outcome}"));
    };
    let mut actual = actual.clone();
    let expected = match (&case.result, &case.error) {
        (Some(result), _) => whole_result(&case.call, result),
        (_, error) => {
            let mut error = whole_error(error.as_ref().unwrap_or(&Map::new()));
            // Of the message, a part is enough.
            let part = known.fill(error["message"].as_str().unwrap_or_default());
            if part.is_empty() {
                return Err("the case says nothing about the message".to_owned());
            }
            if actual["message"].as_str().is_some_and(|message| message.contains(&part)) {
                error.remove("message");
                actual.as_object_mut().map(|actual| actual.remove("message"));
            }
            error
        }
    };
    known.json(&expected.into(), &actual).map_err(|why| format!("{wants}{why}; all: {outcome}"))
}

/// A result with what is usual where the case says nothing.
fn whole_result(call: &str, own: &Map<String, Value>) -> Map<String, Value> {
    let usual = match call {
        "open" | "attach" | "lp_id" => json!({}),
        _ => json!({
            "request_id": "$id",
            "http_status": 200,
            "code": "OK",
            "sequence": null,
            "body": "$any",
            "raw": "$any",
            "attempts": 1,
        }),
    };
    over(usual, own)
}

/// An error of which the case says nothing more: nothing was sent.
fn whole_error(own: &Map<String, Value>) -> Map<String, Value> {
    let answered = own.get("http_status").is_some_and(|status| !status.is_null());
    let usual = json!({
        "http_status": null,
        "service_code": null,
        "title": null,
        "details": null,
        "request_id": null,
        "attempts": 0,
        "is_retryable": false,
        "maybe_delivered": false,
        "retry_after_ms": null,
        "body": if answered { "$any" } else { "" },
    });
    over(usual, own)
}

fn over(usual: Value, own: &Map<String, Value>) -> Map<String, Value> {
    let mut members = usual.as_object().cloned().unwrap_or_default();
    members.extend(own.clone());
    members
}
