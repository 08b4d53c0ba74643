//! The language server, driven as an editor drives it: the real program, over its stdin and stdout.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::program::{RELEASE, project, trustpub};

/// A job that uploads without `id-token: write`, after an emoji in the same line.
const MISSING: &str = "\
on: { push: { tags: [\"v*\"] } }
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: { contents: read }
    steps:
      - { name: \"🚀 é\", uses: pypa/gh-action-pypi-publish@release/v1 }
";

const CONFIG: &str = ".github/trustpub.yaml";

/// The maximum time for a response of a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An editor with its server.
struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// Messages of the server that were received but not yet used.
    pending: Vec<Value>,
    root: PathBuf,
    next: i64,
    abilities: Value,
}

impl Editor {
    /// Starts the server for a workspace folder.
    fn new(root: &Path, capabilities: Value) -> Self {
        Self::with_options(root, capabilities, json!(null), &[])
    }

    fn with_options(root: &Path, capabilities: Value, options: Value, arguments: &[&str]) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_trustpub"))
            .arg("lsp")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = server.stdin.take();
        let mut output = BufReader::new(server.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = receive(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let root = root.canonicalize().unwrap();
        let mut editor = Self { server, input, messages, pending: Vec::new(), root, next: 0, abilities: Value::Null };
        let folders = json!([{ "uri": editor.uri(""), "name": "root" }]);
        let parameters = json!({
            "processId": null, "rootUri": null, "workspaceFolders": folders, "capabilities": capabilities,
            "initializationOptions": options,
        });
        editor.abilities = editor.request("initialize", parameters);
        editor.notify("initialized", json!({}));
        editor
    }

    fn uri(&self, path: &str) -> String {
        format!("file://{}", self.root.join(path).display()).trim_end_matches('/').replace(' ', "%20")
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    fn notify(&mut self, method: &str, parameters: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": parameters }));
    }

    /// Sends a request and returns its result, or its error.
    fn request(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        let answer = self.wait(|message| message["id"] == id && message.get("method").is_none());
        answer.get("result").or(answer.get("error")).cloned().unwrap()
    }

    /// The next message that matches; others stay in `pending`.
    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.pending.iter().position(&wanted) {
            return self.pending.remove(index);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            match self.messages.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(message) if wanted(&message) => return message,
                Ok(message) => self.pending.push(message),
                Err(error) => panic!("{error}; waiting: {:?}", self.pending),
            }
        }
    }

    fn open(&mut self, path: &str, text: &str) {
        let document = json!({ "uri": self.uri(path), "languageId": "yaml", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Replaces the whole text.
    fn replace(&mut self, path: &str, version: i32, text: &str) {
        self.change(path, version, json!([{ "text": text }]));
    }

    fn change(&mut self, path: &str, version: i32, changes: Value) {
        let document = json!({ "uri": self.uri(path), "version": version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    fn close(&mut self, path: &str) {
        let uri = self.uri(path);
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    /// The next diagnostics that are pushed for a file.
    fn pushed(&mut self, path: &str) -> Vec<Value> {
        let uri = self.uri(path);
        let message = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri.as_str()
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// Waits until a file has a diagnostic, or has it no longer. Messages that arrive apart are checked apart, so the diagnostics of an
    /// earlier text may come first.
    fn until(&mut self, path: &str, code: &str, present: bool) {
        while self.codes(path).iter().any(|it| it == code) != present {}
    }

    /// The codes of the next diagnostics that are pushed for a file.
    fn codes(&mut self, path: &str) -> Vec<String> {
        codes(&self.pushed(path))
    }

    fn position(&mut self, method: &str, path: &str, at: (u32, u32)) -> Value {
        let uri = self.uri(path);
        let position = json!({ "line": at.0, "character": at.1 });
        let parameters =
            json!({ "textDocument": { "uri": uri }, "position": position, "context": { "includeDeclaration": true } });
        self.request(method, parameters)
    }

    /// Ends the server with `shutdown` and `exit`.
    fn end(mut self) -> ExitStatus {
        assert_eq!(self.request("shutdown", Value::Null), Value::Null);
        self.notify("exit", Value::Null);
        self.ended()
    }

    fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.server.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server does not end");
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn receive(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            header => length = header.strip_prefix("Content-Length: ")?.parse().ok()?,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn codes(diagnostics: &[Value]) -> Vec<String> {
    diagnostics.iter().filter_map(|it| Some(it["code"].as_str()?.to_owned())).collect()
}

fn range(diagnostic: &Value) -> [u64; 4] {
    let at = |end: &str, part: &str| diagnostic["range"][end][part].as_u64().unwrap();
    [at("start", "line"), at("start", "character"), at("end", "line"), at("end", "character")]
}

#[test]
fn an_unsaved_workflow_has_diagnostics_that_follow_ranged_changes() {
    let root = project(&[(".github/dependabot.yml", "")]);
    let mut editor = Editor::new(root.path(), json!({}));
    assert_eq!(editor.abilities["capabilities"]["positionEncoding"], "utf-16");
    editor.open(RELEASE, MISSING);
    editor.until(RELEASE, "missing-id-token", true);
    let line = MISSING.lines().position(|line| line.contains("permissions")).unwrap();
    let insert = json!({ "line": line, "character": "    permissions: { ".len() });
    editor.change(RELEASE, 2, json!([{ "range": { "start": insert, "end": insert }, "text": "id-token: write, " }]));
    editor.until(RELEASE, "missing-id-token", false);
    editor.close(RELEASE);
    assert_eq!(editor.codes(RELEASE), [""; 0], "the file was never saved");
    assert!(editor.end().success());
}

#[test]
fn a_request_right_after_a_change_does_not_hide_its_diagnostics() {
    let project = project(&[(RELEASE, MISSING)]);
    let mut editor = Editor::new(project.path(), json!({}));
    editor.open(RELEASE, MISSING);
    editor.until(RELEASE, "missing-id-token", true);
    let healthy = MISSING.replace("contents: read", "id-token: write");
    // Most of these messages wait in the server's queue while it answers the ones before.
    for version in 0..20 {
        editor.replace(RELEASE, version, if version % 2 == 0 { MISSING } else { &healthy });
        let at = json!({ "textDocument": { "uri": editor.uri(RELEASE) }, "position": { "line": 7, "character": 30 } });
        editor.send(&json!({ "jsonrpc": "2.0", "id": 1000 + version, "method": "textDocument/hover", "params": at }));
    }
    let uri = editor.uri(RELEASE);
    let last = editor.wait(|message| message["params"]["uri"] == uri && message["params"]["version"] == 19);
    assert_eq!(last["params"]["diagnostics"], json!([]));
}

#[test]
fn columns_are_counted_in_the_negotiated_encoding() {
    let workflow = MISSING
        .replace("contents: read", "id-token: write")
        .replace("release/v1", "release/v1, with: { skip-existing: true }");
    let root = project(&[(RELEASE, &workflow)]);
    let line = workflow.lines().position(|line| line.contains('🚀')).unwrap();
    let text = workflow.lines().nth(line).unwrap();
    let offers = [
        (json!(null), "utf-16"),
        (json!(["utf-16"]), "utf-16"),
        (json!(["utf-32", "utf-16"]), "utf-32"),
        (json!(["utf-16", "utf-8"]), "utf-8"),
    ];
    for (offered, agreed) in offers {
        let column = |word: &str| {
            let before = &text[..text.find(word).unwrap()];
            match agreed {
                "utf-8" => before.len(),
                "utf-16" => before.encode_utf16().count(),
                _ => before.chars().count(),
            }
        };
        let mut editor = Editor::new(root.path(), json!({ "general": { "positionEncodings": offered } }));
        assert_eq!(editor.abilities["capabilities"]["positionEncoding"], agreed);
        editor.open(RELEASE, &workflow);
        let pushed = editor.pushed(RELEASE);
        let found = pushed.iter().find(|it| it["code"] == "skip-existing").map(range);
        assert_eq!(found.map(|at| (at[0], at[1])), Some((line as u64, column("true") as u64)), "{agreed}: {pushed:#?}");
        // An edit after the emoji uses the same encoding.
        let at = |column: usize| json!({ "line": line, "character": column });
        let (start, end) = (at(column("true")), at(column("true") + 4));
        editor.change(RELEASE, 2, json!([{ "range": { "start": start, "end": end }, "text": "false" }]));
        let left = editor.wait(|it| it["params"]["version"] == 2)["params"]["diagnostics"].clone();
        assert!(!codes(left.as_array().unwrap()).contains(&"skip-existing".to_owned()), "{agreed}");
        assert!(editor.end().success());
    }
}

#[test]
fn diagnostics_have_links_tags_and_related_places() {
    let config = "repository: acme/demo\npublishers:\n  - registry: pypi\n    package: demo\n    workflow: release.yml\n    environment: release\n";
    let workflow = MISSING.replace("contents: read", "id-token: write");
    let root = project(&[(RELEASE, &workflow), (CONFIG, config)]);
    let shown = json!({ "relatedInformation": true, "tagSupport": { "valueSet": [1, 2] } });
    let mut editor = Editor::new(root.path(), json!({ "textDocument": { "publishDiagnostics": shown } }));
    editor.open(RELEASE, &workflow);
    let pushed = editor.pushed(RELEASE);
    let mismatch = pushed.iter().find(|it| it["code"] == "environment-mismatch").unwrap();
    assert_eq!((&mismatch["source"], &mismatch["severity"]), (&json!("trustpub"), &json!(1)));
    assert!(mismatch["codeDescription"]["href"].as_str().unwrap().contains("environment-mismatch"), "{mismatch:#}");
    assert!(mismatch["data"]["id"].is_string());
    let related = mismatch["relatedInformation"].as_array().unwrap();
    assert!(related.iter().any(|it| it["location"]["uri"] == editor.uri(CONFIG).as_str()), "{related:#?}");

    editor.open(
        CONFIG,
        &format!("{config}  - {{ registry: npm, package: a, owner: acme, repository: demo, workflow: other.yml }}\n"),
    );
    let unused = editor.wait(|it| it["params"]["diagnostics"][0]["code"] == "unused-publisher");
    assert_eq!(unused["params"]["diagnostics"][0]["tags"], json!([1]), "{unused:#}");
    assert!(editor.end().success());

    // For a client without `relatedInformation` the message contains the other place.
    let mut editor = Editor::new(root.path(), json!({}));
    let pushed = editor.pushed(RELEASE);
    let mismatch = pushed.iter().find(|it| it["code"] == "environment-mismatch").unwrap();
    assert!(mismatch.get("relatedInformation").is_none());
    assert!(mismatch["message"].as_str().unwrap().contains(&format!("{CONFIG}:")), "{mismatch:#}");
}

#[test]
fn an_edit_of_the_config_updates_the_workflows() {
    let workflow = MISSING.replace("contents: read", "id-token: write");
    let config = |environment: &str| {
        format!(
            "repository: acme/demo\npublishers:\n  - registry: pypi\n    package: demo\n    workflow: release.yml\n    environment: {environment}\n"
        )
    };
    let root = project(&[(RELEASE, &workflow), (CONFIG, &config("pypi"))]);
    let mut editor = Editor::new(root.path(), json!({}));
    editor.open(RELEASE, &workflow);
    editor.until(RELEASE, "environment-mismatch", false);
    editor.open(CONFIG, &config("pypi"));
    editor.replace(CONFIG, 2, &config("other"));
    editor.until(RELEASE, "environment-mismatch", true);
    editor.replace(CONFIG, 3, "publisher: 1\n");
    let problems = editor.wait(|it| it["params"]["version"] == 3)["params"]["diagnostics"].clone();
    assert!(problems[0]["message"].as_str().unwrap().contains("publishers"), "{problems:#}");
    // After the editor closes the file, its text on disk is used again.
    editor.close(CONFIG);
    assert_eq!(editor.codes(CONFIG), [""; 0]);
    assert!(editor.end().success());
}

#[test]
fn an_edit_of_a_rule_file_reloads_the_rules() {
    const RULE: &str = ".github/rules/acme-runner.yaml";
    let rule = |label: &str| {
        format!(
            "name: acme-runner\ncode: HOUSE1\nsummary: A job on another runner\nlevel: warning\nfor-each: job\nrequire:\n  job: {{ not: {label} }}\nmessage: \"no job is called `{{job}}`\"\nhelp: Rename it.\nexamples:\n  - {{ name: b, bad: \"on: push\\njobs: {{ {label}: {{ runs-on: x }} }} # <- no job\" }}\n  - {{ name: g, good: \"on: push\\njobs: {{ other: {{ runs-on: x }} }}\" }}\n"
        )
    };
    let root = project(&[(RELEASE, MISSING), (CONFIG, "extra-rules: [.github/rules]\n"), (RULE, &rule("build"))]);
    let mut editor = Editor::new(root.path(), json!({}));
    editor.open(RELEASE, MISSING);
    editor.until(RELEASE, "acme-runner", false);
    editor.open(RULE, &rule("build"));
    editor.replace(RULE, 2, &rule("publish"));
    editor.until(RELEASE, "acme-runner", true);
    editor.replace(RULE, 3, &rule("publish").replace("level: warning", "level: loud"));
    let broken = editor.wait(|it| it["params"]["version"] == 3 && it["params"]["diagnostics"] != json!([]));
    let broken = &broken["params"]["diagnostics"][0];
    assert_eq!((broken["severity"].as_u64(), range(broken)[0]), (Some(1), 3), "{broken:#}");
    editor.until(RELEASE, "acme-runner", false);
    editor.replace(RULE, 4, &rule("publish"));
    editor.until(RELEASE, "acme-runner", true);
    assert!(editor.end().success());
}

#[test]
fn user_rules_are_loaded_from_the_option_and_the_settings() {
    let rule = |name: &str, code: &str| {
        format!(
            "name: {name}\ncode: {code}\nsummary: A job\nlevel: warning\nfor-each: job\nrequire:\n  job: {{ not: publish }}\nmessage: \"no job is called `{{job}}`\"\nhelp: Rename it.\nexamples:\n  - {{ name: b, bad: \"on: push\\njobs: {{ publish: {{ runs-on: x }} }} # <- no job\" }}\n  - {{ name: g, good: \"on: push\\njobs: {{ other: {{ runs-on: x }} }}\" }}\n"
        )
    };
    let option = project(&[("acme-one.yaml", &rule("acme-one", "HOUSE1"))]);
    let root = project(&[(RELEASE, MISSING), ("rules/acme-two.yaml", &rule("acme-two", "HOUSE2"))]);
    let rules = option.path().to_string_lossy().into_owned();
    let mut editor =
        Editor::with_options(root.path(), json!({}), json!({ "rules": ["rules"] }), &["--stdio", "--rules", &rules]);
    let found = editor.codes(RELEASE);
    assert!(["acme-one", "acme-two"].iter().all(|name| found.iter().any(|it| it == name)), "{found:?}");
    editor.notify("workspace/didChangeConfiguration", json!({ "settings": { "trustpub": { "rules": [] } } }));
    editor.until(RELEASE, "acme-two", false);
    editor.notify("workspace/didChangeConfiguration", json!({ "settings": { "trustpub": { "rules": ["rules"] } } }));
    let both = editor.codes(RELEASE);
    assert!(both.contains(&"acme-one".to_owned()) && both.contains(&"acme-two".to_owned()), "{both:?}");
    assert!(editor.end().success());
}

#[test]
fn the_config_selects_rules_and_names_a_baseline() {
    const BASELINE: &str = ".github/baseline.json";
    let root = project(&[(RELEASE, MISSING)]);
    let written = trustpub(root.path(), &["baseline", ".", "--output", BASELINE]);
    assert!(root.path().join(BASELINE).exists(), "{written:?}");
    let mut editor = Editor::new(root.path(), json!({}));
    editor.open(RELEASE, MISSING);
    editor.until(RELEASE, "missing-id-token", true);
    editor.open(CONFIG, &format!("baseline: {BASELINE}\n"));
    editor.until(RELEASE, "missing-id-token", false);
    editor.replace(CONFIG, 2, "select: [TP1]\n");
    editor.until(RELEASE, "missing-id-token", true);
    editor.replace(CONFIG, 3, "select: [TP9]\n");
    editor.until(RELEASE, "missing-id-token", false);
    editor.replace(CONFIG, 4, "baseline: none.json\n");
    let problems = editor.wait(|it| it["params"]["version"] == 4)["params"]["diagnostics"].clone();
    assert!(problems[0]["message"].as_str().unwrap().contains("cannot be read"), "{problems:#}");
    assert!(editor.end().success());
}

#[test]
fn a_hostile_repository_neither_ends_nor_hangs_the_server() {
    const RULE: &str = ".github/rules/a.yaml";
    let configs = [
        "[",
        "- a\n",
        "publishers: {}\n",
        "publishers:\n  - 1\n  - [a]\n  - { registry: [x] }\n",
        "ignore: [[[[1]]]]\n",
        "\0",
        "a: &a [*a]\n",
        "environments: { x: { refs: { y: z } } }\n",
        "extra-rules: [/etc, ../.., ., nope]\n",
        "baseline: /etc/passwd\n",
        "extra-rules: [.github/rules]\n",
    ];
    let rules = ["[", "name: x\n", "\0", "a: &a [*a]\n", "extends: pypi\nuploads: 1\n"];
    let deep = format!("on: push\njobs: {}", "{a: ".repeat(1_000));
    let script = format!(
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: {}\n      - run: uv publish\n",
        "$(".repeat(500)
    );
    let root = project(&[(RELEASE, &script), (".github/workflows/deep.yml", &deep), (RULE, rules[0])]);
    let mut editor = able(root.path(), RELEASE, &script);
    for text in configs {
        editor.open(CONFIG, text);
        assert!(editor.position("textDocument/hover", CONFIG, (0, 1)).get("code").is_none());
    }
    for text in rules {
        editor.open(RULE, text);
        assert!(editor.position("textDocument/hover", RULE, (0, 1)).get("code").is_none());
    }
    for path in [RELEASE, CONFIG, RULE] {
        for method in ["hover", "codeLens", "completion", "definition", "references"] {
            let answer = editor.position(&format!("textDocument/{method}"), path, (5, 3));
            assert!(answer.get("code").is_none(), "{method}: {answer}");
        }
    }
    actions(&mut editor, RELEASE, 2, Value::Null);
    assert!(editor.end().success());
}

/// What an editor asks about a file. Every answer must come, and none may be an error.
fn ask_everything(editor: &mut Editor, path: &str) {
    for method in ["hover", "codeLens", "completion", "definition", "references"] {
        let answer = editor.position(&format!("textDocument/{method}"), path, (6, 14));
        assert!(answer.get("code").is_none(), "{method}: {answer}");
    }
    actions(editor, path, 3, Value::Null);
    let explained =
        json!({ "command": "trustpub.explain", "arguments": [editor.uri(path), { "line": 6, "character": 14 }] });
    assert!(editor.request("workspace/executeCommand", explained).is_string());
}

#[test]
fn every_hostile_input_of_the_other_tests_is_survived() {
    let root = project(&[(RELEASE, MISSING), (".github/workflows/other.yml", MISSING)]);
    let mut editor = able(root.path(), RELEASE, MISSING);
    let mut version = 1;
    for text in crate::hostile::workflows() {
        version += 1;
        editor.replace(RELEASE, version, &text);
        editor.wait(|it| it["params"]["version"] == version);
        ask_everything(&mut editor, RELEASE);
    }
    for config in crate::hostile::CONFIGS {
        editor.open(CONFIG, config);
        ask_everything(&mut editor, CONFIG);
    }
    assert!(editor.end().success());
    for (run, path, text) in crate::hostile_scripts::large().into_iter().step_by(2) {
        let workflow = MISSING.replace(
            "{ name: \"🚀 é\", uses: pypa/gh-action-pypi-publish@release/v1 }",
            &format!("run: |\n          {}", run.replace('\n', "\n          ")),
        );
        let root = project(&[(RELEASE, &workflow), (path, &text)]);
        let mut editor = able(root.path(), RELEASE, &workflow);
        editor.replace(RELEASE, 2, &workflow.replace("pypi", "test"));
        editor.wait(|it| it["params"]["version"] == 2);
        ask_everything(&mut editor, RELEASE);
        assert!(editor.end().success(), "{run}");
    }
}

#[test]
fn broken_yaml_keeps_the_server_alive() {
    let root = project(&[(RELEASE, MISSING)]);
    let mut editor = Editor::new(root.path(), json!({}));
    editor.open(RELEASE, MISSING);
    for (version, text) in
        ["on: [push\n", "\0", "", "\u{feff}", "a: &a [*a]", &"[".repeat(50_000), &"é".repeat(2 << 20)]
            .into_iter()
            .enumerate()
    {
        editor.replace(RELEASE, version as i32 + 2, text);
        let found = editor.wait(|it| it["params"]["version"] == version as i32 + 2);
        assert_eq!(found["params"]["diagnostics"][0]["code"], "invalid-yaml");
        for method in ["hover", "codeLens", "completion", "definition", "references"] {
            let answer = editor.position(&format!("textDocument/{method}"), RELEASE, (0, 1));
            assert!(answer.get("code").is_none(), "{method}: {answer}");
        }
        assert_eq!(actions(&mut editor, RELEASE, 0, Value::Null), [json!(null); 0]);
    }
    for end in 0..MISSING.len() {
        // The file while the user is typing.
        if MISSING.is_char_boundary(end) {
            editor.replace(RELEASE, 100, &MISSING[..end]);
        }
    }
    editor.replace(RELEASE, 1000, MISSING);
    let found = editor.wait(|it| it["params"]["version"] == 1000);
    assert!(codes(found["params"]["diagnostics"].as_array().unwrap()).contains(&"missing-id-token".to_owned()));
    assert!(editor.end().success());
}

#[test]
fn open_files_are_not_pushed_to_a_client_with_pull_diagnostics() {
    const OTHER: &str = ".github/workflows/other.yml";
    let root = project(&[(RELEASE, MISSING), (OTHER, MISSING)]);
    let asks =
        json!({ "textDocument": { "diagnostic": {} }, "workspace": { "diagnostics": { "refreshSupport": true } } });
    let mut editor = Editor::new(root.path(), asks);
    assert_eq!(editor.abilities["capabilities"]["diagnosticProvider"]["interFileDependencies"], true);
    editor.until(OTHER, "missing-id-token", true);
    editor.open(OTHER, MISSING);
    assert_eq!(editor.codes(OTHER), [""; 0], "an open file is not pushed");
    let document = json!({ "uri": editor.uri(OTHER) });
    let full = editor.request("textDocument/diagnostic", json!({ "textDocument": document }));
    assert_eq!(full["kind"], "full");
    assert!(codes(full["items"].as_array().unwrap()).contains(&"missing-id-token".to_owned()));
    let again = json!({ "textDocument": document, "previousResultId": full["resultId"] });
    assert_eq!(editor.request("textDocument/diagnostic", again.clone())["kind"], "unchanged");
    editor.open(CONFIG, "rules: { missing-id-token: off }\n");
    editor.wait(|it| it["method"] == "workspace/diagnostic/refresh");
    let items = editor.request("textDocument/diagnostic", again)["items"].clone();
    assert!(!codes(items.as_array().unwrap()).contains(&"missing-id-token".to_owned()));
    assert!(editor.end().success());
}

#[test]
fn files_are_watched_and_folders_can_be_added_and_removed() {
    let root = project(&[
        ("one/.github/workflows/release.yml", MISSING),
        ("two/.github/workflows/release.yml", MISSING),
        ("three/a.txt", ""),
    ]);
    let watches = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let mut editor = Editor::new(&root.path().join("one"), watches);
    let registered = editor.wait(|it| it["method"] == "client/registerCapability");
    for name in ["pyproject.toml", "{GNUmakefile,makefile,Makefile}", "*.sh", "*.py"] {
        assert!(registered.to_string().contains(&format!("\"**/{name}\"")), "{name}: {registered:#}");
    }
    editor.root = root.path().canonicalize().unwrap();
    let (one, two) = ("one/.github/workflows/release.yml", "two/.github/workflows/release.yml");
    assert!(!editor.codes(one).is_empty());
    std::fs::write(root.path().join(one), "on: push\njobs: {}\n").unwrap();
    let change = json!({ "uri": editor.uri(one), "type": 2 });
    editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [change] }));
    editor.until(one, "missing-id-token", false);
    let folder = |editor: &Editor, name: &str| json!({ "uri": editor.uri(name), "name": name });
    let (added, silent) = (folder(&editor, "two"), folder(&editor, "three"));
    editor
        .notify("workspace/didChangeWorkspaceFolders", json!({ "event": { "added": [added, silent], "removed": [] } }));
    editor.until(two, "missing-id-token", true);
    let removed = folder(&editor, "two");
    editor.notify("workspace/didChangeWorkspaceFolders", json!({ "event": { "added": [], "removed": [removed] } }));
    assert_eq!(editor.codes(two), [""; 0]);
    assert!(editor.end().success());
}

#[test]
fn exit_statuses_and_errors_follow_the_protocol() {
    let root = project(&[(RELEASE, MISSING)]);
    assert_eq!(Editor::new(root.path(), json!({})).end().code(), Some(0));
    // A killed client closes the pipes.
    let mut killed = Editor::new(root.path(), json!({}));
    killed.input = None;
    assert_eq!(killed.ended().code(), Some(1));
    let mut rude = Editor::new(root.path(), json!({}));
    rude.notify("exit", Value::Null);
    assert_eq!(rude.ended().code(), Some(1));
    // Requests after `shutdown` and unknown requests get errors; the server keeps running.
    let mut late = Editor::new(root.path(), json!({}));
    assert_eq!(late.request("textDocument/unknown", json!({}))["code"], -32601);
    assert_eq!(late.request("textDocument/diagnostic", json!({ "textDocument": 1 }))["code"], -32602);
    late.notify("textDocument/didChange", json!([1, 2]));
    late.request("shutdown", Value::Null);
    assert_eq!(late.request("textDocument/diagnostic", json!({}))["code"], -32600);
    late.notify("exit", Value::Null);
    assert_eq!(late.ended().code(), Some(0));
}

/// An editor with all capabilities and one open file.
fn able(root: &Path, path: &str, text: &str) -> Editor {
    let capabilities = json!({
        "textDocument": {
            "publishDiagnostics": { "relatedInformation": true },
            "hover": { "contentFormat": ["markdown"] },
        },
        "window": { "showDocument": { "support": true } },
        "workspace": { "workspaceEdit": { "documentChanges": true, "resourceOperations": ["create"] } },
    });
    let mut editor = Editor::new(root, capabilities);
    editor.open(path, text);
    editor
}

/// The position of the first occurrence of a word.
fn at(text: &str, word: &str) -> (u32, u32) {
    let before = &text[..text.find(word).unwrap()];
    let line = before.rsplit('\n').next().unwrap();
    (before.matches('\n').count() as u32, line.encode_utf16().count() as u32)
}

fn actions(editor: &mut Editor, path: &str, line: u32, only: Value) -> Vec<Value> {
    let at = json!({ "line": line, "character": 0 });
    let mut context = json!({ "diagnostics": [] });
    if !only.is_null() {
        context["only"] = only;
    }
    let parameters = json!({
        "textDocument": { "uri": editor.uri(path) }, "range": { "start": at, "end": at }, "context": context,
    });
    editor.request("textDocument/codeAction", parameters).as_array().unwrap().clone()
}

/// A text after the edits of an action, as an editor applies them.
fn edited(editor: &Editor, action: &Value, path: &str, text: &str) -> String {
    let changes = action["edit"]["documentChanges"].as_array().unwrap();
    let change = changes.iter().find(|it| it["textDocument"]["uri"] == editor.uri(path).as_str()).unwrap();
    let offset = |at: &Value| {
        let line = text.split_inclusive('\n').take(at["line"].as_u64().unwrap() as usize).map(str::len).sum::<usize>();
        let units: Vec<u16> = text[line..].encode_utf16().take(at["character"].as_u64().unwrap() as usize).collect();
        line + String::from_utf16(&units).unwrap().len()
    };
    let mut edits: Vec<(usize, usize, &str)> = change["edits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (offset(&it["range"]["start"]), offset(&it["range"]["end"]), it["newText"].as_str().unwrap()))
        .collect();
    edits.sort();
    let mut result = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        result.replace_range(start..end, new);
    }
    result
}

#[test]
fn an_applied_action_removes_the_finding() {
    let workflow = MISSING.replace("release/v1", "release/v1, with: { skip-existing: true }");
    let root = project(&[(RELEASE, &workflow)]);
    let mut editor = able(root.path(), RELEASE, &workflow);
    let found = editor.codes(RELEASE);
    assert!(found.contains(&"missing-id-token".to_owned()));
    let line = at(&workflow, "permissions").0;
    let offered = actions(&mut editor, RELEASE, line, json!(["quickfix"]));
    let fix = offered.iter().find(|it| it["isPreferred"].is_boolean()).unwrap_or_else(|| panic!("{offered:#?}"));
    assert_eq!(fix["diagnostics"][0]["code"], "missing-id-token");
    let fixed = edited(&editor, fix, RELEASE, &workflow);
    assert!(fixed.contains("id-token: write"), "{fixed}");
    let ignore = offered.iter().find(|it| it["title"].as_str().unwrap().starts_with("Ignore")).unwrap();
    let ignored = edited(&editor, ignore, RELEASE, &workflow);
    assert!(ignored.contains("    # trustpub: ignore[missing-id-token] FILL IN"), "{ignored}");
    for (version, text) in [(2, &fixed), (3, &ignored)] {
        editor.replace(RELEASE, version, text);
        let left = editor.wait(|it| it["params"]["version"] == version)["params"]["diagnostics"].clone();
        let left = codes(left.as_array().unwrap());
        assert!(!left.contains(&"missing-id-token".to_owned()) && left.len() < found.len(), "{left:?}");
    }
    assert!(actions(&mut editor, RELEASE, line, json!(["refactor"])).is_empty());
    assert!(editor.end().success());
}

#[test]
fn an_ignore_for_a_script_is_a_comment_above_its_step() {
    let workflow = "on: { push: { tags: [\"v*\"] } }\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: pypi\n    permissions: { id-token: write }\n    steps:\n      - run: |\n          true\n          uv publish --token abc\n        env: { A: b }\n";
    let root = project(&[(RELEASE, workflow)]);
    let mut editor = able(root.path(), RELEASE, workflow);
    let found = editor.pushed(RELEASE);
    let script = found.iter().find(|it| range(it)[0] == u64::from(at(workflow, "uv publish").0));
    let script = script.unwrap_or_else(|| panic!("{found:#?}"));
    let offered = actions(&mut editor, RELEASE, at(workflow, "uv publish").0, Value::Null);
    let ignore = offered.iter().find(|it| it["title"].as_str().unwrap().starts_with("Ignore")).unwrap();
    let ignored = edited(&editor, ignore, RELEASE, workflow);
    assert!(ignored.contains("      # trustpub: ignore[") && ignored.contains("\n      - run: |\n"), "{ignored}");
    editor.replace(RELEASE, 2, &ignored);
    let left = editor.wait(|it| it["params"]["version"] == 2)["params"]["diagnostics"].clone();
    assert!(!codes(left.as_array().unwrap()).contains(&script["code"].as_str().unwrap().to_owned()), "{left:#}");
    assert!(editor.end().success());
}

#[test]
fn a_publisher_can_be_declared_and_its_form_opened() {
    let workflow = MISSING.replace("contents: read", "id-token: write");
    let root = project(&[(RELEASE, &workflow), ("pyproject.toml", "[project]\nname = \"demo\"\n")]);
    let mut editor = able(root.path(), RELEASE, &workflow);
    let line = at(&workflow, "publish:").0;
    let offered = actions(&mut editor, RELEASE, line, Value::Null);
    let declare = offered
        .iter()
        .find(|it| it["title"].as_str().unwrap().starts_with("Declare"))
        .unwrap_or_else(|| panic!("{offered:#?}"));
    assert_eq!(declare["edit"]["documentChanges"][0]["kind"], "create");
    let first = edited(&editor, declare, CONFIG, "");
    assert!(first.contains("publishers:\n") && first.contains("workflow: release.yml"), "{first}");
    for config in [
        "publishers: []\n",
        "rules: {}\n",
        "publishers:\n- registry: npm\n  package: x\n  owner: o\n  repository: r\n  workflow: x.yml\n# end\n",
    ] {
        editor.open(CONFIG, config);
        let offered = actions(&mut editor, RELEASE, line, Value::Null);
        let declare = offered.iter().find(|it| it["title"].as_str().unwrap().starts_with("Declare")).unwrap();
        let grown = edited(&editor, declare, CONFIG, config);
        editor.replace(CONFIG, 7, &grown);
        let titles = actions(&mut editor, RELEASE, line, Value::Null);
        assert!(!titles.iter().any(|it| it["title"].as_str().unwrap().starts_with("Declare")), "{grown}");
        editor.close(CONFIG);
    }
    let form = offered.iter().find(|it| it["title"].as_str().unwrap().starts_with("Open")).unwrap();
    let command = form["command"].clone();
    editor.request(
        "workspace/executeCommand",
        json!({ "command": command["command"], "arguments": command["arguments"] }),
    );
    let shown = editor.wait(|it| it["method"] == "window/showDocument");
    assert!(shown["params"]["uri"].as_str().unwrap().starts_with("https://pypi.org/"), "{shown:#}");
    let local = json!({ "command": "trustpub.openForm", "arguments": ["file:///etc/passwd"] });
    assert_eq!(editor.request("workspace/executeCommand", local)["code"], -32602);
    assert!(editor.end().success());
}

#[test]
fn all_safe_fixes_are_applied_at_once() {
    let workflow = MISSING.replace("contents: read", "id-token: write");
    let config = "repository: acme/demo\npublishers:\n  - registry: pypi\n    package: demo\n    workflow: .github/workflows/release.yml\n    environment: pypi\n";
    let root = project(&[(RELEASE, &workflow), (CONFIG, config)]);
    let mut editor = able(root.path(), CONFIG, config);
    let offered = actions(&mut editor, CONFIG, 0, json!(["source"]));
    let [all] = offered.as_slice() else { panic!("{offered:#?}") };
    assert_eq!(all["kind"], "source.fixAll.trustpub");
    assert!(edited(&editor, all, CONFIG, config).contains("workflow: release.yml"));
    assert!(actions(&mut editor, CONFIG, 0, json!(["source.organizeImports"])).is_empty());
    assert!(editor.end().success());
}

#[test]
fn hover_explains_uploads_permissions_fields_and_facts() {
    const RULE: &str = ".github/rules/acme-runner.yaml";
    let workflow = MISSING.replace("contents: read", "id-token: write");
    let config = "repository: acme/demo\npublishers:\n  - registry: pypi\n    package: demo\n    workflow: release.yml\n    environment: release\n";
    let root = project(&[(RELEASE, &workflow), (CONFIG, config)]);
    let mut editor = able(root.path(), RELEASE, &workflow);
    editor.open(CONFIG, config);
    let rule = "for-each: upload\nrequire:\n  permission.id-token: write\n";
    editor.open(RULE, rule);
    let mut shown = |path: &str, place: (u32, u32)| editor.position("textDocument/hover", path, place);
    let upload = shown(RELEASE, at(&workflow, "pypa/"));
    assert_eq!(upload["contents"]["kind"], "markdown");
    let text = upload["contents"]["value"].as_str().unwrap();
    assert!(text.contains("PyPI") && text.contains("refuses") && text.contains("refs/tags/v"), "{text}");
    assert!(text.contains("- *form*: <https://pypi.org/manage/project/demo/"), "{text}");
    let permission = shown(RELEASE, at(&workflow, "id-token"))["contents"]["value"].clone();
    assert!(permission.as_str().unwrap().contains("uploads to PyPI"), "{permission}");
    let field = shown(CONFIG, at(config, "workflow"))["contents"]["value"].clone();
    assert!(field.as_str().unwrap().contains("compared with the workflow"), "{field}");
    let fact = shown(RULE, at(rule, "id-token"))["contents"]["value"].clone();
    assert!(fact.as_str().unwrap().contains("permission."), "{fact}");
    assert_eq!(shown(RELEASE, at(&workflow, "runs-on")), Value::Null);
    assert!(editor.end().success());
}

#[test]
fn hover_is_plain_text_for_clients_without_markdown() {
    let root = project(&[(RELEASE, MISSING)]);
    let mut editor = Editor::new(root.path(), json!({}));
    editor.open(RELEASE, MISSING);
    let upload = editor.position("textDocument/hover", RELEASE, at(MISSING, "pypa/"));
    assert_eq!(upload["contents"]["kind"], "plaintext");
    let text = upload["contents"]["value"].as_str().unwrap();
    assert!(text.starts_with("PyPI from job `publish` of release.yml\n"), "{text}");
    assert!(text.contains("- verdict: refused: the job cannot request an OIDC token"), "{text}");
    assert!(text.contains("refs/tags/v*") && text.contains("workflow_ref") && !text.contains('\\'), "{text}");
    assert!(editor.end().success());
}

#[test]
fn code_lenses_show_the_verdict_of_the_registry() {
    let workflow = MISSING.replace("contents: read", "id-token: write");
    let config = "repository: acme/demo\npublishers:\n  - registry: pypi\n    package: demo\n    workflow: release.yml\n    environment: pypi\n";
    let root = project(&[(RELEASE, &workflow), (CONFIG, config)]);
    let mut editor = able(root.path(), RELEASE, &workflow);
    let lenses = |editor: &mut Editor| {
        let document = json!({ "uri": editor.uri(RELEASE) });
        editor.request("textDocument/codeLens", json!({ "textDocument": document }))
    };
    let found = lenses(&mut editor);
    assert_eq!(found[0]["range"]["start"], json!({ "line": 2, "character": 2 }));
    let title = |found: &Value| found[0]["command"]["title"].as_str().unwrap().to_owned();
    assert!(title(&found).starts_with("PyPI: accepted · when a tag"), "{found:#}");
    let command = found[0]["command"].clone();
    let page = editor.request(
        "workspace/executeCommand",
        json!({ "command": command["command"], "arguments": command["arguments"] }),
    );
    assert!(page.as_str().unwrap().contains("### PyPI"), "{page}");
    let rows = editor.request("workspace/executeCommand", json!({ "command": "trustpub.inventory", "arguments": [] }));
    assert!(rows.as_str().unwrap().contains("| acme/demo |"), "{rows}");
    editor.open(CONFIG, &config.replace("environment: pypi", "environment: other"));
    assert!(title(&lenses(&mut editor)).starts_with("PyPI: refused: environment"));
    editor.replace(RELEASE, 2, &workflow.replace("environment: pypi", "environment: ${{ vars.ENV }}"));
    assert!(title(&lenses(&mut editor)).starts_with("PyPI: undecided: "));
    editor.notify("workspace/didChangeConfiguration", json!({ "settings": { "trustpub": { "codeLens": false } } }));
    assert_eq!(lenses(&mut editor), json!([]));
    assert!(editor.end().success());
}

#[test]
fn completion_and_navigation_work_in_workflow_and_config() {
    const ACTION: &str = "ci/build/action.yml";
    let workflow = MISSING
        .replace("contents: read", "id-token: write")
        .replace("    steps:\n", "    steps:\n      - uses: ./ci/build\n");
    let config = "repository: acme/demo\npublishers:\n  - registry: pypi\n    package: demo\n    workflow: release.yml\n    \nignore:\n  - rule: \n";
    let action = "runs: { using: composite, steps: [] }\n";
    let root = project(&[(RELEASE, &workflow), (CONFIG, ""), (ACTION, action)]);
    let mut editor = able(root.path(), CONFIG, config);
    let labels = |editor: &mut Editor, path: &str, place: (u32, u32)| -> Vec<String> {
        let items = editor.position("textDocument/completion", path, place);
        items.as_array().unwrap().iter().map(|it| it["label"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(labels(&mut editor, CONFIG, (5, 4)), ["owner", "repository", "environment"]);
    assert!(labels(&mut editor, CONFIG, (2, 14)).contains(&"npm".to_owned()));
    assert_eq!(labels(&mut editor, CONFIG, (4, 14)), ["release.yml"]);
    assert!(labels(&mut editor, CONFIG, (7, 10)).contains(&"missing-id-token".to_owned()));
    let comment = "# trustpub: ignore[missing-";
    editor.open(RELEASE, &format!("{comment}\n{workflow}"));
    assert!(labels(&mut editor, RELEASE, (0, comment.len() as u32)).contains(&"missing-environment".to_owned()));
    editor.replace(RELEASE, 2, &workflow);
    let config = config.replace("    \n", "    environment: pypi\n").replace("\nignore:\n  - rule: ", "");
    editor.replace(CONFIG, 2, &config);
    let uris = |found: Value| -> Vec<String> {
        found.as_array().unwrap().iter().map(|it| it["uri"].as_str().unwrap().to_owned()).collect()
    };
    let to_job = editor.position("textDocument/definition", CONFIG, at(&config, "environment"));
    assert_eq!(to_job[0]["range"]["start"], json!({ "line": 2, "character": 2 }), "{to_job:#}");
    let to_file = editor.position("textDocument/definition", CONFIG, at(&config, "release.yml"));
    assert_eq!(uris(to_file), [editor.uri(RELEASE)]);
    let back = editor.position("textDocument/references", RELEASE, at(&workflow, "publish:"));
    assert_eq!(uris(back), [editor.uri(CONFIG)]);
    let action = editor.position("textDocument/definition", RELEASE, at(&workflow, "./ci/build"));
    assert_eq!(uris(action), [editor.uri(ACTION)]);
    let users = editor.position("textDocument/references", ACTION, (0, 0));
    assert_eq!(uris(users), [editor.uri(RELEASE)]);
    assert!(editor.end().success());
}
