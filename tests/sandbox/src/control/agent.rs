//! The part of the control API that is about agents.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value};

use crate::agents::agent::Agent;
use crate::agents::script::Script;
use crate::agents::step::Step;
use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::members::only_members;
use crate::control::misuse::Misuse;
use crate::control::site::{self, site};

pub(crate) async fn set(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    site::set(&shared, &id, &body, agent, |site, agent| site.agent = agent)
}

fn agent(body: &Map<String, Value>) -> Result<Option<Agent>, Misuse> {
    only_members(body, &["agent", "script"])?;
    match (body.get("agent"), body.get("script")) {
        (None, Some(script)) => Ok(Some(Agent::Script(Script::new(script).map_err(Misuse::bad)?))),
        (Some(agent), None) if agent == "echo" => Ok(Some(Agent::Echo)),
        (Some(agent), None) if agent == "none" => Ok(None),
        (Some(_), None) => Err(Misuse::bad("agent must be one of echo, none")),
        _ => Err(Misuse::bad("give one of agent, script")),
    }
}

/// One step, by hand.
pub(crate) async fn act(
    State(shared): State<Arc<Shared>>,
    Named((id, conversation)): Named<(String, String)>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |_| ())?;
    let act = match Step::parse(&Value::Object(body)).map_err(Misuse::bad)? {
        Step::Act(act) => act,
        Step::WaitFor(_) | Step::Pause(_) => {
            return Err(Misuse::bad("wait_for and pause_ms belong in a script"));
        }
    };
    let done = site(&shared, &id, |site| site.obey(&conversation, &act))?;
    done.map(Json).map_err(Misuse::conflict)
}
