//! Query parameters: each is asked for by name, and what nobody asked for is refused, never ignored.

use bennu_store::Cursor;

use super::cursor::read_cursor;
use crate::{
    api::parse_time,
    error::{Code, Error},
};

/// The parameters of a request, each taken once.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// From the raw query.
    pub(crate) fn new(pairs: Vec<(String, String)>) -> Self {
        Parameters(pairs)
    }

    /// Every value of a parameter that may repeat.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        let (found, rest) = std::mem::take(&mut self.0).into_iter().partition(|(key, _)| key == name);
        self.0 = rest;
        let found: Vec<(String, String)> = found;
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// A parameter that is given once.
    pub(crate) fn one(&mut self, name: &str) -> Result<Option<String>, Error> {
        let mut values = self.all(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(unprocessable(format!("{name} is given more than once"))),
        }
    }

    /// A parameter read by `read`; `expected` completes the sentence when it cannot be.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        self.one(name)?.map(|text| value(name, expected, &text, &read)).transpose()
    }

    /// Every value of a parameter, each read by `read`.
    pub(crate) fn read_all<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        self.all(name).iter().map(|text| value(name, expected, text, &read)).collect()
    }

    /// A time, as nanoseconds since the epoch.
    pub(crate) fn time(&mut self, name: &str) -> Result<Option<i64>, Error> {
        self.read(name, "a time such as 2026-11-21T12:00:00Z", parse_time)
    }

    /// How many rows, from 1 to `max`.
    pub(crate) fn limit(&mut self, default: usize, max: usize) -> Result<usize, Error> {
        let expected = format!("a number from 1 to {max}");
        let limit = self
            .read("limit", &expected, |text| text.parse().ok().filter(|limit| (1..=max).contains(limit)))?;
        Ok(limit.unwrap_or(default))
    }

    /// Where the page before ended.
    pub(crate) fn cursor(&mut self) -> Result<Option<Cursor>, Error> {
        self.read("cursor", "the next_cursor of the page before", read_cursor)
    }

    /// Newest first unless `order=asc`; only the start time can be sorted by.
    pub(crate) fn ascending(&mut self) -> Result<bool, Error> {
        self.read("sort", "start_time, the only order supported,", |text| {
            (text == "start_time").then_some(())
        })?;
        let order = self.read("order", "asc or desc", |text| match text {
            "asc" => Some(true),
            "desc" => Some(false),
            _ => None,
        })?;
        Ok(order.unwrap_or(false))
    }

    /// Refuses whatever has not been taken.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(unprocessable(format!("the parameter {name} is not supported"))),
        }
    }
}

fn value<T>(name: &str, expected: &str, text: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    read(text).ok_or_else(|| unprocessable(format!("{name}={text}: {expected} was expected")))
}

fn unprocessable(message: String) -> Error {
    Error::new(Code::Unprocessable, message)
}

/// Reads `true` and `false`.
pub(crate) fn bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}
