//! The HTTP client: TLS only, no redirects, with time-outs and bounded answers.

use std::time::Duration;

use ureq::http::{Method, Request};

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// A request.
pub(crate) struct Outgoing<'r> {
    /// `GET`, `POST` or `DELETE`.
    pub method: Method,
    /// The address.
    pub address: &'r str,
    /// Header fields.
    pub headers: Vec<(&'r str, String)>,
    /// The media type and text of the body.
    pub body: Option<(&'static str, String)>,
}

/// An answer.
pub(crate) struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub text: String,
}

impl HttpResponse {
    /// Whether the status is one of success.
    #[must_use]
    pub(crate) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The body as JSON.
    #[must_use]
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.text).ok()
    }
}

/// A client for all requests of a rehearsal.
pub(crate) struct HttpClient {
    agent: ureq::Agent,
    timeout: Duration,
    /// The server of the tests that replaces every registry.
    loopback: Option<String>,
}

impl HttpClient {
    /// A client that waits for an answer at most this long. `loopback` is for tests: an address such as `http://127.0.0.1:8080`, to which
    /// all requests are sent, so that no token leaves the machine.
    ///
    /// # Errors
    /// If `loopback` is not such an address.
    pub(crate) fn new(timeout: Duration, loopback: Option<String>) -> Result<Self, String> {
        if let Some(address) = &loopback
            && !is_loopback(address)
        {
            return Err(format!("`{address}` is not a loopback address such as `http://127.0.0.1:8080`"));
        }
        let config = ureq::Agent::config_builder()
            .https_only(loopback.is_none())
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(timeout))
            .user_agent(concat!("trustpub/", env!("CARGO_PKG_VERSION"), " (", env!("CARGO_PKG_REPOSITORY"), ")"));
        let config = if loopback.is_some() { config.proxy(None) } else { config };
        Ok(Self { agent: config.build().into(), timeout, loopback })
    }

    /// Sends a request once. It is never repeated, because an OIDC token can be exchanged only once.
    ///
    /// # Errors
    /// Why there is no usable answer, as the end of a sentence that begins with the host.
    pub(crate) fn send(&self, request: &Outgoing<'_>) -> Result<HttpResponse, String> {
        let address = self.address(request.address)?;
        let mut builder = Request::builder().method(request.method.clone()).uri(&address);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let (kind, text) = request.body.clone().unwrap_or_default();
        if !kind.is_empty() {
            builder = builder.header("content-type", kind);
        }
        let built = builder.header("accept", "application/json").body(text).map_err(|_| "has an invalid address")?;
        let mut response = self.agent.run(built).map_err(|error| self.reason(&error))?;
        let status = response.status().as_u16();
        if (300..400).contains(&status) {
            return Err(format!("redirects (HTTP {status}); a token is not sent to another address"));
        }
        let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
        let bytes = body.map_err(|error| self.reason(&error))?;
        Ok(HttpResponse { status, text: String::from_utf8_lossy(&bytes).into_owned() })
    }

    /// The address of a request; in tests, the same path at the loopback server.
    fn address(&self, address: &str) -> Result<String, String> {
        match &self.loopback {
            None if address.starts_with("https://") => Ok(address.to_owned()),
            None => Err("is not reached by HTTPS".to_owned()),
            Some(loopback) => {
                let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
                let path = rest.find(['/', '?']).map_or("", |start| &rest[start..]);
                Ok(format!("{}{path}", loopback.trim_end_matches('/')))
            }
        }
    }

    fn reason(&self, error: &ureq::Error) -> String {
        match error {
            ureq::Error::Timeout(_) => format!("does not answer within {} seconds", self.timeout.as_secs_f32()),
            ureq::Error::BodyExceedsLimit(_) => format!("sends more than {} KiB", LONGEST_ANSWER / 1024),
            ureq::Error::HostNotFound => "is not found".to_owned(),
            ureq::Error::ConnectionFailed => "refuses the connection".to_owned(),
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "has no valid certificate".to_owned(),
            ureq::Error::Io(error) => format!("cannot be reached: {}", crate::read::files::reason(error)),
            // The text of other errors may quote the request.
            _ => "sends no valid answer".to_owned(),
        }
    }
}

/// Whether an address is one of this machine, without a path.
fn is_loopback(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else { return false };
    let (host, port) = rest.rsplit_once(':').unwrap_or((rest, "80"));
    matches!(host, "127.0.0.1" | "localhost" | "[::1]") && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_a_loopback_address() {
        for address in ["http://127.0.0.1:80", "http://localhost:8080", "http://[::1]:1"] {
            assert!(is_loopback(address), "{address}");
        }
        for address in [
            "http://127.0.0.1.example.com:80",
            "http://example.com:80",
            "http://user@127.0.0.1:80/",
            "https://127.0.0.1",
        ] {
            assert!(!is_loopback(address), "{address}");
        }
    }

    #[test]
    fn without_a_loopback_server_only_https_is_used() {
        let client = HttpClient::new(Duration::from_secs(1), None).unwrap();
        assert!(client.address("http://127.0.0.1/token").is_err());
        assert!(client.address("file:///etc/passwd").is_err());
        assert!(client.address("https://pypi.org/").is_ok());
    }
}
