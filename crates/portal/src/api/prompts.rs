//! `prompts`: what the voice says, ours and the operator's own.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Asked, Whole};
use crate::App;
use crate::admin::part::Listing;
use crate::admin::prompt::{self, PromptView};
use crate::auth::Bearer;
use crate::problem::Problem;

/// Which recordings.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PromptQuery {
    /// Of this language only, such as `de`.
    language: Option<String>,
}

/// Language and name in a path.
type Which = Path<(String, String)>;

/// The recordings in force, by language and name.
#[utoipa::path(get, path = "/prompts", params(PromptQuery), responses((status = 200, body = Listing<PromptView>)))]
pub(crate) async fn list(State(app): State<App>, bearer: Bearer, Asked(asked): Asked<PromptQuery>) -> Result<impl IntoResponse, Problem> {
    Ok(Json(Listing::whole(prompt::list(&app.admin, &bearer.by, asked.language.as_deref()).await?)))
}

/// A recording as a WAV file of 8 kHz, mono, 16 bits.
#[utoipa::path(get, path = "/prompts/{language}/{name}", params(("language" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "audio/wav")))]
pub(crate) async fn read(State(app): State<App>, bearer: Bearer, Path((language, name)): Which) -> Result<impl IntoResponse, Problem> {
    let wav = prompt::load(&app.admin, &bearer.by, &language, &name).await?;
    Ok(([(CONTENT_TYPE, "audio/wav")], wav))
}

/// Puts a recording in the place of ours: any PCM WAV file of at most 30 seconds as the body.
#[utoipa::path(put, path = "/prompts/{language}/{name}", params(("language" = String, Path), ("name" = String, Path)),
    request_body(content = Vec<u8>, content_type = "audio/wav"), responses((status = 200, body = PromptView)))]
pub(crate) async fn set(
    State(app): State<App>,
    bearer: Bearer,
    Path((language, name)): Which,
    Whole(file): Whole,
) -> Result<impl IntoResponse, Problem> {
    Ok(Json(prompt::set(&app.admin, &bearer.by, &language, &name, file.to_vec()).await?))
}

/// Removes a recording of the operator's own; ours is heard again.
#[utoipa::path(delete, path = "/prompts/{language}/{name}", params(("language" = String, Path), ("name" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(State(app): State<App>, bearer: Bearer, Path((language, name)): Which) -> Result<impl IntoResponse, Problem> {
    prompt::remove(&app.admin, &bearer.by, &language, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
