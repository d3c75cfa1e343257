//! A client's steps, one after the other.

use std::collections::BTreeMap;

use lpc_sandbox::serde_json::{self, Value};

use crate::client::{Ask, Client, Hear, Step, Webhooks};
use crate::endpoint::Told;
use crate::scene::Scene;
use crate::values::Values;
use crate::{http, reads, signature};

/// Plays all steps; the error names the first that fails.
pub fn all(client: &Client) -> Result<(), String> {
    let scene = Scene::new(client)?;
    let values = scene.values();
    let mut stage = Stage { client, scene, values };
    for (number, step) in client.steps.iter().enumerate() {
        let (name, done) = match step {
            Step::Asks(ask) => (ask.asks.as_str(), stage.ask(ask)),
            Step::Agent(act) => ("an agent", stage.act(act)),
            Step::Hears(hear) => (hear.hears.as_str(), stage.hear(hear)),
        };
        done.map_err(|error| format!("step {}, {name}: {error}", number + 1))?;
    }
    Ok(())
}

struct Stage<'a> {
    client: &'a Client,
    scene: Scene,
    values: Values,
}

impl Stage<'_> {
    fn ask(&mut self, ask: &Ask) -> Result<(), String> {
        let request = self.values.fill(&ask.request)?;
        let (method, url) = request.split_once(' ').ok_or("a request is method and URL")?;
        let lines = self.client.headers(&ask.headers)?.iter();
        let headers = lines.map(|it| self.values.fill(it)).collect::<Result<Vec<_>, _>>()?;
        let body = ask.body()?.map(|body| self.values.fill(&body)).transpose()?;
        let answer =
            http::exchange(self.scene.tls.as_ref(), method, url, &headers, body.as_deref())
                .map_err(|error| format!("{request}: {error}"))?;
        let said = String::from_utf8_lossy(&answer.body);
        if !is_status(answer.status, &ask.status) {
            return Err(format!("status {}, not {}: {said}", answer.status, ask.status));
        }
        let json = serde_json::from_slice(&answer.body).unwrap_or_default();
        reads::check(&json, &ask.reads, &self.values)
            .and_then(|()| self.keep(&json, &ask.keeps))
            .map_err(|error| format!("{error}\n  of the answer {said}"))
    }

    /// In the conversation that the client knows as `{conversation}`.
    fn act(&self, act: &Value) -> Result<(), String> {
        let conversation = self.values.get("conversation").ok_or("there is no conversation")?;
        let act = self.values.fill_json(act)?;
        self.scene.sandbox.act_as_agent(&self.scene.account.id, conversation, &act);
        Ok(())
    }

    fn hear(&mut self, hear: &Hear) -> Result<(), String> {
        let (Some(webhooks), Some(endpoint)) = (&self.client.webhooks, &self.scene.endpoint) else {
            return Err("the client has no webhooks".to_owned());
        };
        let mut passed_over = String::new();
        let told = loop {
            let Some(told) = endpoint.next() else {
                return Err(format!("it did not come; passed over were:{passed_over}"));
            };
            self.check(webhooks, &told)?;
            let meant = reads::check(&told.json, &hear.condition, &self.values);
            if told.kind() == hear.kind && meant.is_ok() {
                break told.json;
            }
            passed_over.push_str(&format!("\n  {}", told.json));
        };
        reads::check(&told, &hear.reads, &self.values)
            .and_then(|()| self.keep(&told, &hear.keeps))
            .map_err(|error| format!("{error}\n  of the notification {told}"))
    }

    /// What has to hold whatever is told.
    fn check(&self, webhooks: &Webhooks, told: &Told) -> Result<(), String> {
        let (kind, account) = (told.kind(), &self.scene.account);
        let wrong = |what: &str| Err(format!("{what}, of the notification {}", told.json));
        if webhooks.paths.get(&kind).or(webhooks.paths.get("all")) != Some(&told.path) {
            return wrong(&format!("{kind} came to {}", told.path));
        }
        if told.header("x-liveperson-account-id") != account.id
            || told.header("x-liveperson-client-id") != account.client_id
        {
            return wrong("the headers name another account or client");
        }
        let header = told.header("x-liveperson-signature");
        if !signature::fits(header, &told.body, &account.client_secret, webhooks.signature) {
            return wrong(&format!("the signature {header:?} does not fit"));
        }
        let concerned = webhooks.always.iter().filter(|(of, _)| kind.starts_with(of.as_str()));
        for (_, always) in concerned {
            if let Err(error) = reads::check(&told.json, always, &self.values) {
                return wrong(&error);
            }
        }
        Ok(())
    }

    fn keep(&mut self, json: &Value, keeps: &BTreeMap<String, String>) -> Result<(), String> {
        keeps.iter().try_for_each(|(name, pointer)| {
            let value = reads::one(json, pointer, &self.values)?;
            self.values.set(name, value);
            Ok(())
        })
    }
}

/// A number, or `2xx`, or `any`.
fn is_status(status: u16, expected: &Value) -> bool {
    match expected.as_str() {
        Some("2xx") => (200..300).contains(&status),
        Some("any") => true,
        _ => *expected == status,
    }
}
