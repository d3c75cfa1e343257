//! The part of the control API that is about surveys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value};

use crate::cloud::shared::Shared;
use crate::control::extract::{Named, Object};
use crate::control::members::only_members;
use crate::control::misuse::Misuse;
use crate::control::site;
use crate::model::survey::Survey;

pub(crate) async fn set(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Object(body): Object,
) -> Result<Json<Value>, Misuse> {
    site::set(&shared, &id, &body, survey, |site, survey| site.survey = survey)
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
