//! `/v1/projects/{project}/conventions`: what a project's services say, what nobody knows, what to set to get more.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde_json::{Value, json};

use super::{parameters::Parameters, projects};
use crate::{
    app::App,
    error::Error,
    query::{self, Convention},
};

/// `GET /v1/projects/{name or id}/conventions?service=`
pub(crate) async fn list(
    State(app): State<App>,
    Path(project): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, Error> {
    let mut parameters = Parameters::new(query);
    let service = parameters.one("service")?;
    parameters.finish()?;
    let project = projects::find(&app, &project).await?;
    let reports = query::conventions(&app, &project.name, service.as_deref()).await?;
    Ok(Json(json!({"data": reports.iter().map(answer).collect::<Vec<_>>()})))
}

fn answer(report: &Convention) -> Value {
    json!({
        "service": report.service,
        "spans": report.spans,
        "libraries": report.libraries.iter().map(|(name, spans)| json!({"name": name, "spans": spans})).collect::<Vec<_>>(),
        "dialects": report.dialects.iter().map(|(dialect, facts)| json!({"name": dialect.name(), "facts": facts})).collect::<Vec<_>>(),
        "coverage": report.coverage.iter().map(|covered| json!({"what": covered.what, "have": covered.have, "of": covered.of})).collect::<Vec<_>>(),
        "understood": report.understood.iter().map(|understood| json!({
            "field": understood.field.path(), "spans": understood.spans, "attributes": understood.attributes,
        })).collect::<Vec<_>>(),
        "not_understood": report.unknown.iter().map(|unknown| json!({
            "attribute": unknown.attribute, "spans": unknown.spans, "example": unknown.example,
        })).collect::<Vec<_>>(),
        "not_understood_more": report.unknown_more,
        "advice": report.advice.iter().map(|advice| json!({"says": advice.says, "set": advice.set})).collect::<Vec<_>>(),
    })
}
