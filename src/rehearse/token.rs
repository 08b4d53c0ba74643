//! The OIDC token of the job: its request to GitHub, and its claims.

use std::collections::BTreeMap;

use ureq::http::Method;

use crate::lint::explain::publisher_form::encoded;
use crate::rehearse::http_client::{HttpClient, Outgoing};
use crate::rehearse::secret::Secret;

/// What the runner tells a job by environment variables.
pub(crate) struct JobEnvironment {
    /// The address that issues OIDC tokens (`ACTIONS_ID_TOKEN_REQUEST_URL`).
    pub request_url: String,
    /// The token for requests to it (`ACTIONS_ID_TOKEN_REQUEST_TOKEN`).
    pub request_token: Secret,
    /// `owner/name/.github/workflows/file.yml@ref` (`GITHUB_WORKFLOW_REF`).
    pub workflow_ref: String,
    /// The id of the job (`GITHUB_JOB`).
    pub job: String,
}

/// An OIDC token with its claims.
pub(crate) struct OidcToken {
    /// The token.
    pub token: Secret,
    /// Its claims; numbers and booleans as text.
    pub claims: BTreeMap<String, String>,
}

/// Requests a token for an audience.
///
/// # Errors
/// Why there is none, as a sentence without a final period.
pub(crate) fn request(client: &HttpClient, environment: &JobEnvironment, audience: &str) -> Result<OidcToken, String> {
    let separator = if environment.request_url.contains('?') { '&' } else { '?' };
    let address = format!("{}{separator}audience={}", environment.request_url, encoded(audience));
    let answer = client
        .send(&Outgoing {
            method: Method::GET,
            address: &address,
            headers: vec![("authorization", format!("Bearer {}", environment.request_token.expose()))],
            body: None,
        })
        .map_err(|reason| format!("GitHub's token service {reason}"))?;
    if !answer.is_success() {
        return Err(format!("GitHub's token service answers with HTTP {}", answer.status));
    }
    let token = answer.json().and_then(|answer| answer.get("value")?.as_str().map(str::to_owned));
    let token = token.ok_or("GitHub's token service sends no token")?;
    let claims = claims(&token).ok_or("GitHub's token service sends something that is not a JSON Web Token")?;
    Ok(OidcToken { token: Secret::new(token), claims })
}

/// The claims of a JSON Web Token. The registry verifies the signature.
fn claims(token: &str) -> Option<BTreeMap<String, String>> {
    let [_, payload, _] = token.split('.').collect::<Vec<_>>()[..] else { return None };
    let claims: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&decoded(payload)?).ok()?;
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        value => value.to_string(),
    };
    Some(claims.into_iter().map(|(name, value)| (name, text(value))).collect())
}

/// Decodes base64url (RFC 4648, section 5) without padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_from_the_payload() {
        // {"ref":"refs/heads/main","run_id":7,"x":"~?é"}
        let token = "aGVhZGVy.eyJyZWYiOiJyZWZzL2hlYWRzL21haW4iLCJydW5faWQiOjcsIngiOiJ-P8OpIn0.c2ln";
        let claims = claims(token).unwrap();
        assert_eq!(claims["ref"], "refs/heads/main");
        assert_eq!(claims["run_id"], "7");
        assert_eq!(claims["x"], "~?é");
    }

    #[test]
    fn other_texts_are_not_tokens() {
        for text in ["", "a.b", "a.b.c.d", "a.!!.c", "a.e30", "<html>", "a.bnVsbA.c"] {
            assert!(claims(text).is_none(), "{text}");
        }
        assert!(claims("a.e30.c").is_some());
    }
}
