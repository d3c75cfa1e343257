//! The part of the control API that is about surveys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::control::{Misuse, Named, Object, only_members, site};
use crate::shared::Shared;
use crate::survey::Survey;

pub(crate) async fn set(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    site(&shared, &id, |_| ())?;
    let survey = survey(&body)?;
    site(&shared, &id, |site| site.survey = survey)?;
    Ok(Json(json!({})))
}

fn survey(body: &Map<String, Value>) -> Result<Option<Survey>, Misuse> {
    only_members(body, &["questions", "survey"])?;
    match (body.get("questions"), body.get("survey")) {
        (Some(questions), None) => Ok(Some(Survey::new(questions).map_err(Misuse::bad)?)),
        (None, Some(survey)) if survey == "none" => Ok(None),
        (None, Some(_)) => Err(Misuse::bad("survey must be none")),
        _ => Err(Misuse::bad("give one of questions, survey")),
    }
}
