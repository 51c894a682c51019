//! What a URL asks for, read so that a mistake is answered by a page.

use axum::{
    extract::{FromRequestParts, Query, rejection::QueryRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::PageError;
use crate::error::{Code, Error};

/// The parameters after the question mark; a parameter that is not known is refused, never ignored.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let refused = |rejection: QueryRejection| {
            let reason = rejection.body_text();
            let reason = reason.rsplit_once("query string: ").map_or(&*reason, |(_, reason)| reason);
            Error::new(Code::Invalid, format!("the address has a parameter that is not understood: {reason}"))
        };
        let Query(query) = Query::from_request_parts(parts, state).await.map_err(refused)?;
        Ok(Asked(query))
    }
}
