//! The registry's exchange of the OIDC token, as its data describes it. Nothing is uploaded.

use ureq::http::Method;

use crate::lint::explain::publisher_form::encoded;
use crate::rehearse::http_client::{HttpClient, HttpResponse, Outgoing};
use crate::rehearse::secret::{Secret, Secrets};
use crate::report::sanitize;
use crate::trust::registry::exchange::{Exchange, Revocation, at, filled};

/// The longest part of an answer that is quoted, in characters.
const LONGEST_QUOTE: usize = 600;

/// The result of the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExchangeOutcome {
    /// The registry issued a token.
    Accepted {
        /// What became of the token, as a clause.
        after: String,
    },
    /// The registry refused the OIDC token.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The registry's own text, or the one that clients show.
        text: String,
    },
    /// There is no usable answer; the reason is a sentence.
    Failed(String),
    /// The exchange was not made; the reason is a sentence.
    NotMade(String),
}

/// The values of the placeholders in a request, except the token.
pub(super) struct RequestValues<'v> {
    /// The package.
    pub package: Option<&'v str>,
    /// The user that the login names.
    pub user: Option<&'v str>,
}

/// Exchanges an OIDC token. `mask` gets each token of the registry before anything else is done with it.
pub(super) fn exchange(
    client: &HttpClient,
    exchange: &Exchange,
    token: &Secret,
    values: &RequestValues<'_>,
    secrets: &mut Secrets,
    mask: &mut dyn FnMut(&Secret),
) -> ExchangeOutcome {
    let host = crate::trust::registry::host(&exchange.address).to_owned();
    let request = match request(exchange, token, values) {
        Ok(request) => request,
        Err(missing) => return ExchangeOutcome::Failed(missing),
    };
    let answer = match client.send(&request.outgoing()) {
        Ok(answer) => answer,
        Err(reason) => return ExchangeOutcome::Failed(format!("{host} {reason}")),
    };
    let json = answer.json();
    if answer.is_success() {
        let issued = json.as_ref().and_then(|json| at(json, &exchange.token)?.as_str()).filter(|text| !text.is_empty());
        let Some(issued) = issued else {
            let status = answer.status;
            return ExchangeOutcome::Failed(format!("{host} sends no token in its answer (HTTP {status})"));
        };
        let issued = Secret::new(issued.to_owned());
        mask(&issued);
        secrets.add(&issued);
        let after = exchange.revocation.as_ref().map(|revocation| revoke(client, revocation, &issued));
        let after = after.unwrap_or_else(|| "the registry's token was discarded and expires by itself".to_owned());
        return ExchangeOutcome::Accepted { after };
    }
    let reason = json.and_then(|json| exchange.reasons.iter().find_map(|template| reason(template, &json)));
    let known = reason.or_else(|| exchange.statuses.get(&answer.status.to_string()).cloned());
    refusal(&host, &answer, known.as_deref(), secrets)
}

/// An answer that issues no token: a refusal if the registry gives its reason, else a failure.
fn refusal(host: &str, answer: &HttpResponse, reason: Option<&str>, secrets: &Secrets) -> ExchangeOutcome {
    let status = answer.status;
    let text = quoted(reason.unwrap_or(&answer.text), secrets);
    match reason {
        Some(_) if (400..500).contains(&status) && !matches!(status, 408 | 429) => {
            ExchangeOutcome::Refused { status, text }
        }
        Some(_) => ExchangeOutcome::Failed(format!("{host} answers with HTTP {status}: {text}")),
        None if text.is_empty() => ExchangeOutcome::Failed(format!("{host} answers with HTTP {status} and no reason")),
        None => ExchangeOutcome::Failed(format!("{host} answers with HTTP {status} and an unknown text: {text}")),
    }
}

/// A text of the registry as one line, without secrets.
fn quoted(text: &str, secrets: &Secrets) -> String {
    let text = sanitize::line(secrets.removed(text).trim());
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The reason in an answer, if all keys of the template exist.
fn reason(template: &str, answer: &serde_json::Value) -> Option<String> {
    filled(template, |key| match at(answer, key)? {
        serde_json::Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn revoke(client: &HttpClient, revocation: &Revocation, token: &Secret) -> String {
    let value = |name: &str| (name == "registry-token").then(|| token.expose().to_owned());
    let headers = revocation.headers.iter().filter_map(|(name, text)| Some((name.as_str(), filled(text, value)?)));
    let request =
        Outgoing { method: Method::DELETE, address: &revocation.address, headers: headers.collect(), body: None };
    let failed = |reason: String| format!("the registry's token could not be revoked ({reason}) and expires by itself");
    match client.send(&request) {
        Ok(answer) if answer.is_success() => "the registry's token was revoked".to_owned(),
        Ok(answer) => failed(format!("HTTP {}", answer.status)),
        Err(reason) => failed(format!("the registry {reason}")),
    }
}

/// A request with its own texts.
struct FilledRequest<'e> {
    address: String,
    headers: Vec<(&'e str, String)>,
    body: Option<(&'static str, String)>,
}

impl FilledRequest<'_> {
    fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            method: Method::POST,
            address: &self.address,
            headers: self.headers.clone(),
            body: self.body.clone(),
        }
    }
}

/// The request of an exchange.
///
/// # Errors
/// Which value is missing, as a sentence without a final period.
fn request<'e>(
    exchange: &'e Exchange,
    token: &Secret,
    values: &RequestValues<'_>,
) -> Result<FilledRequest<'e>, String> {
    let parts = match values.package {
        Some(package) => exchange
            .parts(package)
            .ok_or_else(|| format!("`{package}` is not a package name of this registry; name it with `--package`"))?,
        None => Vec::new(),
    };
    let value = |name: &str| match name {
        "oidc-token" => Some(token.expose().to_owned()),
        "package" => values.package.map(str::to_owned),
        "user" => values.user.map(str::to_owned),
        name => parts.iter().find(|(part, _)| part == name).map(|(_, text)| text.clone()),
    };
    let missing = || {
        if exchange.needs("user") && values.user.is_none() {
            "the exchange needs the user of the login step, which the files do not contain; name it with `--user`"
        } else {
            "the exchange is for one package, which the files do not name; name it with `--package`"
        }
    };
    let fill = |text: &str| filled(text, value).ok_or_else(|| missing().to_owned());
    // A scope is not encoded: registries compare it as text.
    let in_address = |name: &str| value(name).map(|text| encoded(&text).replace("%40", "@"));
    let address = filled(&exchange.address, in_address).ok_or_else(|| missing().to_owned())?;
    let headers = exchange.headers.iter().map(|(name, text)| Ok((name.as_str(), fill(text)?)));
    let headers = headers.collect::<Result<Vec<_>, String>>()?;
    let body = if !exchange.json.is_empty() {
        let fields = exchange.json.iter().map(|(name, text)| Ok((name.clone(), fill(text)?.into())));
        let fields = fields.collect::<Result<serde_json::Map<String, serde_json::Value>, String>>()?;
        Some(("application/json", serde_json::Value::Object(fields).to_string()))
    } else if !exchange.form.is_empty() {
        let fields = exchange.form.iter().map(|(name, text)| Ok(format!("{name}={}", encoded(&fill(text)?))));
        Some(("application/x-www-form-urlencoded", fields.collect::<Result<Vec<_>, String>>()?.join("&")))
    } else {
        None
    };
    Ok(FilledRequest { address, headers, body })
}
