//! `/v1/projects`, as Phoenix answers.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use bennu_store::ProjectRow;
use serde_json::{Value, json};

use super::{
    global_id,
    parameters::{Parameters, bool},
    row_id,
};
use crate::{app::App, error::Error};

/// `GET /v1/projects`
pub(crate) async fn list(
    State(app): State<App>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, Error> {
    let mut parameters = Parameters::new(query);
    let limit = parameters.limit(100, 1000)?;
    let from =
        parameters.read("cursor", "the next_cursor of the page before", |text| row_id("Project", text))?;
    let contains = parameters.one("name_contains")?.map(|name| name.to_lowercase());
    // There are no such projects here, so either value is true to the facts.
    parameters.read("include_experiment_projects", "true or false", bool)?;
    parameters.read("include_dataset_evaluator_projects", "true or false", bool)?;
    parameters.finish()?;

    let mut projects = app.store.projects().await?;
    projects
        .retain(|project| contains.as_ref().is_none_or(|part| project.name.to_lowercase().contains(part)));
    projects.sort_by_key(|project| std::cmp::Reverse(project.id));
    projects.retain(|project| from.is_none_or(|from| project.id <= from));
    let next = projects.get(limit).map(|project| global_id("Project", project.id));
    let data: Vec<Value> = projects.iter().take(limit).map(answer).collect();
    Ok(Json(json!({"data": data, "next_cursor": next})))
}

/// `GET /v1/projects/{name or id}`
pub(crate) async fn one(State(app): State<App>, Path(project): Path<String>) -> Result<Json<Value>, Error> {
    Ok(Json(json!({"data": answer(&find(&app, &project).await?)})))
}

/// `DELETE /v1/projects/{name or id}`
pub(crate) async fn delete(State(app): State<App>, Path(project): Path<String>) -> Result<StatusCode, Error> {
    let project = find(&app, &project).await?;
    app.store.delete(&project.name, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A project by its name, else by Phoenix's form of its id.
pub(crate) async fn find(app: &App, given: &str) -> Result<ProjectRow, Error> {
    if let Some(project) = app.store.project(given).await? {
        return Ok(project);
    }
    let id = row_id("Project", given);
    let found = app.store.projects().await?.into_iter().find(|project| Some(project.id) == id);
    found.ok_or_else(|| Error::not_found(format!("the project {given:?}")))
}

fn answer(project: &ProjectRow) -> Value {
    json!({"id": global_id("Project", project.id), "name": project.name, "description": null})
}
