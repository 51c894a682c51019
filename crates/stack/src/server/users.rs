//! Who asks.

use std::collections::HashMap;

use axum::http::{HeaderMap, header};

/// Users by their keys; without keys whoever a caller says to be.
#[derive(Debug, Clone, Default)]
pub struct Users(HashMap<String, String>);

/// Who asks, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) source: &'static str,
}

impl Users {
    /// From `key:user,key:user`, as `STACK_API_KEYS` has it; empty: no keys are asked for.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(keys: &str) -> Result<Self, String> {
        let mut users = HashMap::new();
        for pair in keys.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            match pair.split_once(':') {
                Some((key, user)) if !key.is_empty() && !user.is_empty() => {
                    users.insert(key.to_owned(), user.to_owned());
                }
                // The pair itself may be a key.
                _ => return Err("STACK_API_KEYS is key:user,key:user; a pair in it is not".to_owned()),
            }
        }
        if users.is_empty() && !keys.trim().is_empty() {
            return Err("STACK_API_KEYS has no pair in it".to_owned());
        }
        Ok(Users(users))
    }

    pub(super) fn of(&self, headers: &HeaderMap) -> Result<User, &'static str> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if self.0.is_empty() {
            let name = text("x-user-id").filter(|name| !name.is_empty()).unwrap_or("anonymous");
            return Ok(User { name: name.to_owned(), source: "X-User-Id, not verified" });
        }
        let key = text(header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        let user = key.and_then(|key| self.0.get(key.trim()));
        let name = user.ok_or("send Authorization: Bearer KEY with a key of STACK_API_KEYS")?.clone();
        Ok(User { name, source: "API key" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            header::HeaderName::from_static(name),
            header::HeaderValue::from_static(value),
        )])
    }

    #[test]
    fn with_keys_only_keys_count() {
        let users = Users::parse("k1:ada, k2:grace").unwrap_or_default();
        let name = |headers: &HeaderMap| users.of(headers).map(|user| user.name);
        assert_eq!(name(&headers("authorization", "Bearer k2")).as_deref(), Ok("grace"));
        assert!(name(&headers("authorization", "Bearer k3")).is_err());
        assert!(name(&headers("x-user-id", "ada")).is_err());
        for broken in ["k1", "k1:", ":ada", "k1:ada,k2", ",", " , "] {
            assert!(Users::parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn without_keys_a_caller_is_believed_and_that_is_said() {
        let users = Users::parse("").unwrap_or_default();
        let user = users.of(&headers("x-user-id", "ada"));
        assert_eq!(user, Ok(User { name: "ada".into(), source: "X-User-Id, not verified" }));
        assert_eq!(users.of(&HeaderMap::new()).map(|user| user.name).as_deref(), Ok("anonymous"));
    }
}
