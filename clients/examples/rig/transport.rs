//! rig's transport over reqwest, with the layer in it.
//!
//! rig has hooks for HTTP, too (`HttpMiddleware`): they see the request and the head of the response, not its body, so an answer
//! cannot be heard there.
#![allow(clippy::result_large_err, reason = "rig's error is what it is")]

use std::{
    future::{Future, ready},
    io::{Error as IoError, ErrorKind},
};

use bennu_sdk::LlmService;
use bytes::Bytes;
use futures_util::StreamExt;
use rig_core::http_client::{
    Error, HttpClientExt, LazyBody, MultipartForm, Request, Response, Result, StreamingResponse,
};
use tower::ServiceExt;

/// Sends through reqwest, and writes a span for every model call.
#[derive(Debug, Clone)]
pub(crate) struct Traced {
    http: LlmService<reqwest::Client>,
}

impl Default for Traced {
    fn default() -> Self {
        Traced { http: LlmService::new(reqwest::Client::new()) }
    }
}

impl Traced {
    /// The response, and its head as rig has it.
    async fn exchange(self, request: Request<Bytes>) -> Result<(Response<()>, reqwest::Response)> {
        let request = reqwest::Request::try_from(request).map_err(Error::instance)?;
        let response = self.http.oneshot(request).await.map_err(Error::instance)?;
        let mut head = Response::new(());
        *head.status_mut() = response.status();
        *head.headers_mut() = response.headers().clone();
        Ok((head, response))
    }
}

impl HttpClientExt for Traced {
    fn send<T, U>(
        &self,
        request: Request<T>,
    ) -> impl Future<Output = Result<Response<LazyBody<U>>>> + Send + 'static
    where
        T: Into<Bytes> + Send,
        U: From<Bytes> + Send + 'static,
    {
        let exchange = self.clone().exchange(request.map(Into::into));
        async move {
            let (head, response) = exchange.await?;
            let bytes = async move { response.bytes().await.map(U::from).map_err(Error::instance) };
            Ok(head.map(|()| Box::pin(bytes) as _))
        }
    }

    async fn send_streaming<T>(&self, request: Request<T>) -> Result<StreamingResponse>
    where
        T: Into<Bytes> + Send,
    {
        let (head, response) = self.clone().exchange(request.map(Into::into)).await?;
        let pieces = response.bytes_stream().map(|piece| piece.map_err(Error::instance));
        Ok(head.map(|()| Box::pin(pieces) as _))
    }

    /// Files and audio, which this example does not send.
    fn send_multipart<U>(
        &self,
        _: Request<MultipartForm>,
    ) -> impl Future<Output = Result<Response<LazyBody<U>>>> + Send + 'static
    where
        U: From<Bytes> + Send + 'static,
    {
        ready(Err(Error::instance(IoError::from(ErrorKind::Unsupported))))
    }
}
