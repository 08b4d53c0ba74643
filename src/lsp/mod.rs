//! `trustpub lsp`: a language server on stdin and stdout. One thread handles the messages in their order; changes that arrive together
//! are checked once.

mod actions;
mod client;
mod commands;
mod completion;
mod diagnostics;
mod hover;
mod lens;
mod navigation;
mod open_document;
mod position;
mod uri;
mod view;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use gen_lsp_types::{
    CodeActionParams, CodeLensParams, Diagnostic, DidChangeConfigurationParams, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, DocumentDiagnosticParams, ExecuteCommandParams,
    InitializeParams, Position, PublishDiagnosticsParams, TextDocumentPositionParams, Uri, WorkspaceFolders,
};
use jiff::civil::Date;
use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, RequestId, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::lsp::actions::WantedKinds;
use crate::lsp::client::{Client, Settings};
use crate::lsp::open_document::Document;
use crate::lsp::view::{View, uri_of};
use crate::lsp::workspace::{CheckedRepository, Workspace};

/// How the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerExit {
    /// By the requests of the client.
    Requested,
    /// Without them: the client is gone.
    Abandoned,
}

/// Serves one client until it ends the server or is gone. `rules` are folders of user rules; `today` decides which ignores have
/// expired.
///
/// # Errors
/// If the built-in rules cannot be read.
pub(crate) fn run(rules: &[PathBuf], today: Option<Date>) -> Result<ServerExit, String> {
    let rules = rules.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone())).collect();
    let workspace = Workspace::new(rules, today)?;
    let (connection, threads) = Connection::stdio();
    let ending = serve(connection, workspace).unwrap_or(ServerExit::Abandoned);
    if ending == ServerExit::Requested {
        // The threads end with their streams. An error here means that the client did not wait for the last answer.
        let _ = threads.join();
    }
    Ok(ending)
}

fn serve(connection: Connection, workspace: Workspace) -> Result<ServerExit, ProtocolError> {
    let (id, parameters) = connection.initialize_start()?;
    let parameters: InitializeParams = match serde_json::from_value(parameters) {
        Ok(parameters) => parameters,
        Err(error) => {
            let answer = Response::new_err(id, ErrorCode::InvalidParams as i32, error.to_string());
            let _ = connection.sender.send(answer.into());
            return Ok(ServerExit::Abandoned);
        }
    };
    let server = Server::new(&connection, workspace, &parameters);
    server.answer(id, Ok(server.capabilities()));
    Ok(server.run())
}

struct Server<'c> {
    connection: &'c Connection,
    client: Client,
    settings: Settings,
    /// The folders of `--rules`; those of the settings come on top.
    rules: Vec<PathBuf>,
    workspace: Workspace,
    /// The files of each repository that have diagnostics, with a hash of them.
    diagnosed: BTreeMap<PathBuf, BTreeMap<PathBuf, u64>>,
    /// The last messages about each repository, which a keystroke does not repeat.
    logged: BTreeMap<PathBuf, Vec<String>>,
    /// The documents that changed since the last check.
    edited: BTreeSet<PathBuf>,
    next_request: i32,
    is_shut_down: bool,
}

/// The answer to a request: a result, or an error with its message.
type RequestResult = Result<Value, (ErrorCode, String)>;

impl<'c> Server<'c> {
    fn new(connection: &'c Connection, workspace: Workspace, parameters: &InitializeParams) -> Self {
        let settings = parameters.initialization_options.as_ref().and_then(Settings::read).unwrap_or_default();
        let mut server = Self {
            connection,
            client: Client::new(&parameters.capabilities),
            settings: Settings::default(),
            rules: workspace.rule_folders.clone(),
            workspace,
            diagnosed: BTreeMap::new(),
            logged: BTreeMap::new(),
            edited: BTreeSet::new(),
            next_request: 0,
            is_shut_down: false,
        };
        server.apply(settings);
        for folder in folders(parameters).iter().filter_map(|folder| uri::to_path(folder)) {
            server.workspace.add_folder(&folder);
        }
        server
    }

    /// What the server can do.
    fn capabilities(&self) -> Value {
        json!({
            "serverInfo": { "name": "trustpub", "version": env!("CARGO_PKG_VERSION") },
            "capabilities": {
                "positionEncoding": self.client.encoding(),
                "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
                "diagnosticProvider": self.client.pulls_diagnostics.then(|| json!({
                    "identifier": "trustpub", "interFileDependencies": true, "workspaceDiagnostics": false,
                })),
                "codeActionProvider": { "codeActionKinds": ["quickfix", "source.fixAll.trustpub"] },
                "hoverProvider": true,
                "definitionProvider": true,
                "referencesProvider": true,
                "codeLensProvider": {},
                "completionProvider": { "triggerCharacters": ["[", ",", " "] },
                "executeCommandProvider": { "commands": [commands::OPEN, commands::EXPLAIN, commands::INVENTORY] },
                "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
            },
        })
    }

    /// Handles messages until the client ends the server, or its stream ends.
    fn run(mut self) -> ServerExit {
        while let Ok(message) = self.connection.receiver.recv() {
            let mut next = Some(message);
            while let Some(message) = next {
                match message {
                    Message::Notification(notification) if notification.method == "exit" => {
                        return if self.is_shut_down { ServerExit::Requested } else { ServerExit::Abandoned };
                    }
                    Message::Notification(notification) => self.notified(notification),
                    Message::Request(request) => self.requested(request),
                    // Our requests need no answer.
                    Message::Response(_) => {}
                }
                // What the client has already sent may replace the text that would be checked now.
                next = self.connection.receiver.try_recv().ok();
            }
            self.refresh();
        }
        ServerExit::Abandoned
    }

    fn notified(&mut self, notification: Notification) {
        let method = notification.method.as_str();
        let done = match method {
            "initialized" => {
                self.watch_files();
                Some(())
            }
            "textDocument/didOpen" => read(notification.params).map(|params| self.opened(params)),
            "textDocument/didChange" => read(notification.params).map(|params| self.changed(params)),
            "textDocument/didSave" => read(notification.params).map(|params| self.saved(&params)),
            "textDocument/didClose" => read(notification.params).map(|params| self.closed(&params)),
            "workspace/didChangeWatchedFiles" => read(notification.params).map(|params| self.files_changed(&params)),
            "workspace/didChangeWorkspaceFolders" => {
                read(notification.params).map(|params| self.folders_changed(&params))
            }
            "workspace/didChangeConfiguration" => read(notification.params).map(|params| self.configured(&params)),
            _ => Some(()),
        };
        if done.is_none() {
            self.log(&format!("`{method}` has parameters of another shape than the protocol's"));
        }
    }

    fn requested(&mut self, request: Request) {
        let answer = if self.is_shut_down {
            Err((ErrorCode::InvalidRequest, "the server is shut down".to_owned()))
        } else {
            self.answer_to(&request.method, request.params)
        };
        self.answer(request.id, answer);
    }

    fn answer_to(&mut self, method: &str, parameters: Value) -> RequestResult {
        match method {
            "shutdown" => {
                self.is_shut_down = true;
                Ok(Value::Null)
            }
            "textDocument/diagnostic" => Ok(self.diagnostics(&parameters_of(parameters)?)),
            "textDocument/codeAction" => {
                let CodeActionParams { text_document, range, context, .. } = parameters_of(parameters)?;
                let kinds = WantedKinds::new(context.only.as_deref());
                Ok(self.in_view(&text_document.uri, |view, path| view.actions(path, range, &kinds)))
            }
            "textDocument/hover" => {
                let at: TextDocumentPositionParams = parameters_of(parameters)?;
                Ok(self.in_view(&at.text_document.uri, |view, path| {
                    let document = view.documents.get(path);
                    view.hover(path, at.position).or_else(|| view.fact_hover(document?, at.position))
                }))
            }
            "textDocument/codeLens" => {
                let CodeLensParams { text_document, .. } = parameters_of(parameters)?;
                let is_on = self.settings.code_lens;
                Ok(self.in_view(&text_document.uri, |view, path| if is_on { view.lenses(path) } else { Vec::new() }))
            }
            "textDocument/completion" => {
                let at: TextDocumentPositionParams = parameters_of(parameters)?;
                Ok(self.in_view(&at.text_document.uri, |view, path| {
                    view.documents.get(path).map(|document| view.completions(path, document, at.position))
                }))
            }
            "textDocument/definition" => {
                let at: TextDocumentPositionParams = parameters_of(parameters)?;
                Ok(self.in_view(&at.text_document.uri, |view, path| view.definitions(path, at.position)))
            }
            "textDocument/references" => {
                let at: TextDocumentPositionParams = parameters_of(parameters)?;
                Ok(self.in_view(&at.text_document.uri, |view, path| view.references(path, at.position)))
            }
            "workspace/executeCommand" => self.execute(parameters_of(parameters)?),
            other => Err((ErrorCode::MethodNotFound, format!("`{other}` is not supported"))),
        }
    }

    /// Shows the repository of a document; the answer is `null` without one.
    fn in_view<T: Serialize>(&mut self, uri: &Uri, look: impl FnOnce(&View<'_>, &Path) -> T) -> Value {
        let found = uri::to_path(uri.as_ref()).and_then(|path| Some((self.workspace.of(&path)?, path)));
        let Some((repository, path)) = found else { return Value::Null };
        let view = View { client: &self.client, repository: &repository, documents: &self.workspace.documents };
        // A fault of ours at one place of one file must not end the server.
        let answer = catch_unwind(AssertUnwindSafe(|| serde_json::to_value(look(&view, &path)).unwrap_or_default()));
        answer.unwrap_or_default()
    }

    fn execute(&mut self, parameters: ExecuteCommandParams) -> RequestResult {
        let arguments = parameters.arguments.unwrap_or_default();
        let text = |index: usize| arguments.get(index).and_then(Value::as_str);
        match (parameters.command.as_str(), text(0)) {
            // The address may come from a file of an untrusted repository, so only web addresses are opened.
            (commands::OPEN, Some(address)) if address.starts_with("https://") => {
                self.request("window/showDocument", json!({ "uri": address, "external": true }));
                Ok(Value::Null)
            }
            (commands::EXPLAIN, Some(uri)) => {
                let at = arguments.get(1).and_then(|at| serde_json::from_value::<Position>(at.clone()).ok());
                Ok(self.in_view(&Uri(uri.to_owned()), |view, path| commands::explain(view, path, at)))
            }
            (commands::INVENTORY, _) => {
                let mut page = commands::INVENTORY_HEAD.to_owned();
                for root in self.workspace.roots() {
                    let uri = Uri(uri::of_path(&root.join("x")));
                    let rows = self.in_view(&uri, |view, _| commands::inventory_rows(view));
                    page.extend(
                        rows.as_array().into_iter().flatten().filter_map(Value::as_str).map(|row| format!("{row}\n")),
                    );
                }
                Ok(Value::String(page))
            }
            (other, _) => Err((ErrorCode::InvalidParams, format!("`{other}` is not a command with these arguments"))),
        }
    }

    fn opened(&mut self, parameters: DidOpenTextDocumentParams) {
        let item = parameters.text_document;
        let Some(path) = uri::to_path(item.uri.as_ref()) else { return };
        // From now on the client requests the diagnostics of this document.
        if self.client.pulls_diagnostics && self.diagnosed.values().any(|files| files.contains_key(&path)) {
            self.publish(&path, Vec::new());
        }
        self.workspace.open(path.clone(), Document::new(item.uri.0, item.version, item.text));
        self.edited.insert(path);
    }

    fn changed(&mut self, parameters: DidChangeTextDocumentParams) {
        let id = parameters.text_document;
        let Some(path) = uri::to_path(id.text_document_identifier.uri.as_ref()) else { return };
        if let Some(document) = self.workspace.documents.get_mut(&path) {
            document.version = id.version;
            document.apply(parameters.content_changes, self.client.unit);
            self.workspace.changed(&path);
            self.edited.insert(path);
        }
    }

    /// Clients that watch no files for the server report at least what they save.
    fn saved(&mut self, parameters: &DidSaveTextDocumentParams) {
        if let Some(path) = uri::to_path(parameters.text_document.uri.as_ref()).filter(|_| !self.client.watches_files) {
            self.workspace.changed(&path);
        }
    }

    fn closed(&mut self, parameters: &DidCloseTextDocumentParams) {
        let Some(path) = uri::to_path(parameters.text_document.uri.as_ref()) else { return };
        if self.workspace.documents.remove(&path).is_none() {
            return;
        }
        self.workspace.changed(&path);
        // The diagnostics of a closed document are pushed again, if its repository is still there.
        for files in self.diagnosed.values_mut() {
            files.remove(&path);
        }
        self.publish(&path, Vec::new());
        self.remove_unused();
    }

    fn files_changed(&mut self, parameters: &DidChangeWatchedFilesParams) {
        for change in &parameters.changes {
            if let Some(path) = uri::to_path(change.uri.as_ref()) {
                self.workspace.changed(&path);
            }
        }
    }

    fn folders_changed(&mut self, parameters: &DidChangeWorkspaceFoldersParams) {
        for folder in parameters.event.added.iter().filter_map(|folder| uri::to_path(folder.uri.as_ref())) {
            self.workspace.add_folder(&folder);
        }
        for folder in parameters.event.removed.iter().filter_map(|folder| uri::to_path(folder.uri.as_ref())) {
            self.workspace.remove_folder(&folder);
        }
        self.remove_unused();
    }

    fn configured(&mut self, parameters: &DidChangeConfigurationParams) {
        if let Some(settings) = Settings::read(&parameters.settings) {
            self.apply(settings);
        }
    }

    fn apply(&mut self, settings: Settings) {
        if settings != self.settings {
            self.workspace.rule_folders =
                self.rules.iter().cloned().chain(settings.rules.iter().map(PathBuf::from)).collect();
            self.workspace.all_changed();
            self.settings = settings;
        }
    }

    /// Clears the diagnostics of repositories that are no longer open.
    fn remove_unused(&mut self) {
        for root in self.workspace.remove_unused() {
            for path in self.diagnosed.remove(&root).unwrap_or_default().into_keys() {
                self.publish(&path, Vec::new());
            }
        }
    }

    /// Checks the changed projects and sends the diagnostics that differ.
    fn refresh(&mut self) {
        let edited = std::mem::take(&mut self.edited);
        let mut others_changed = false;
        for root in self.workspace.take_unreported() {
            let Some(repository) = self.workspace.checked(&root) else { continue };
            if self.logged.get(&root) != Some(&repository.messages) {
                repository.messages.iter().for_each(|message| self.log(message));
                self.logged.insert(root.clone(), repository.messages.clone());
            }
            let mut diagnostics = self.diagnostics_of(&repository);
            let before = self.diagnosed.remove(&root).unwrap_or_default();
            let now: BTreeMap<PathBuf, u64> =
                diagnostics.iter().map(|(path, list)| (path.clone(), hash(list))).collect();
            let paths: BTreeSet<&PathBuf> =
                now.keys().chain(before.keys()).chain(edited.iter().filter(|path| path.starts_with(&root))).collect();
            for path in paths {
                let is_new = now.get(path) != before.get(path);
                let document = self.workspace.documents.get(path);
                if document.is_some() {
                    others_changed |= is_new && !edited.contains(path);
                }
                // A pushed list names the version of its document, so an edit pushes it again.
                let pushed = document.is_none() || !self.client.pulls_diagnostics;
                if pushed && (is_new || edited.contains(path)) {
                    self.publish(path, diagnostics.remove(path).unwrap_or_default());
                }
            }
            self.diagnosed.insert(root, now);
        }
        if others_changed && self.client.pulls_diagnostics && self.client.refreshes_diagnostics {
            self.request("workspace/diagnostic/refresh", Value::Null);
        }
        if others_changed && self.settings.code_lens && self.client.refreshes_lenses {
            self.request("workspace/codeLens/refresh", Value::Null);
        }
    }

    /// The response to a client's request for the diagnostics of a document.
    fn diagnostics(&mut self, parameters: &DocumentDiagnosticParams) -> Value {
        let path = uri::to_path(parameters.text_document.uri.as_ref());
        let list = path.and_then(|path| {
            let repository = self.workspace.of(&path)?;
            self.diagnostics_of(&repository).remove(&path)
        });
        let list = list.unwrap_or_default();
        let id = format!("{:016x}", hash(&list));
        if parameters.previous_result_id.as_ref() == Some(&id) {
            json!({ "kind": "unchanged", "resultId": id })
        } else {
            json!({ "kind": "full", "resultId": id, "items": list })
        }
    }

    fn diagnostics_of(&self, repository: &CheckedRepository) -> BTreeMap<PathBuf, Vec<Diagnostic>> {
        View { client: &self.client, repository, documents: &self.workspace.documents }.diagnostics()
    }

    fn publish(&self, path: &Path, diagnostics: Vec<Diagnostic>) {
        let version = self.workspace.documents.get(path).map(|document| document.version);
        self.notify(
            "textDocument/publishDiagnostics",
            PublishDiagnosticsParams { uri: uri_of(&self.workspace.documents, path), version, diagnostics },
        );
    }

    /// Asks the client to report changes of the files that a check reads.
    fn watch_files(&mut self) {
        if !self.client.watches_files {
            return;
        }
        let names = self.workspace.file_names();
        let fixed = ["*.yml", "*.yaml", "*.md", ".git/config"].map(str::to_owned);
        let watchers: Vec<Value> =
            fixed.into_iter().chain(names).map(|name| json!({ "globPattern": format!("**/{name}") })).collect();
        let method = "workspace/didChangeWatchedFiles";
        let registration = json!({ "id": "files", "method": method, "registerOptions": { "watchers": watchers } });
        self.request("client/registerCapability", json!({ "registrations": [registration] }));
    }

    fn log(&self, message: &str) {
        const WARNING: u32 = 2;
        self.notify("window/logMessage", json!({ "type": WARNING, "message": message }));
    }

    fn answer(&self, id: RequestId, answer: RequestResult) {
        let response = match answer {
            Ok(value) => Response::new_ok(id, value),
            Err((code, message)) => Response::new_err(id, code as i32, message),
        };
        self.send(response.into());
    }

    fn notify(&self, method: &str, parameters: impl Serialize) {
        self.send(Notification::new(method.to_owned(), parameters).into());
    }

    fn request(&mut self, method: &str, parameters: Value) {
        self.next_request += 1;
        let id = RequestId::from(self.next_request);
        self.send(Request { id, method: method.to_owned(), params: parameters }.into());
    }

    /// Where the client is gone, the loop ends with the next message that does not come.
    fn send(&self, message: Message) {
        let _ = self.connection.sender.send(message);
    }
}

/// The URIs of the workspace folders.
#[expect(deprecated, reason = "older clients only know one root")]
fn folders(parameters: &InitializeParams) -> Vec<String> {
    match &parameters.workspace_folders_initialize_params.workspace_folders {
        Some(WorkspaceFolders::WorkspaceFolderList(list)) => list.iter().map(|folder| folder.uri.0.clone()).collect(),
        _ => parameters.root_uri.iter().map(|uri| uri.0.clone()).collect(),
    }
}

fn read<T: DeserializeOwned>(parameters: Value) -> Option<T> {
    serde_json::from_value(parameters).ok()
}

fn parameters_of<T: DeserializeOwned>(parameters: Value) -> Result<T, (ErrorCode, String)> {
    serde_json::from_value(parameters).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn hash(diagnostics: &[Diagnostic]) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(diagnostics).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
