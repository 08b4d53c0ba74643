//! The output of `trustpub registries` and `docs/src/registries.md`: what is known of each registry.

use std::fmt::Write as _;

use serde::Serialize;

use crate::report::json::{ToolEntry, document};
use crate::report::sanitize;
use crate::trust::registry::upload_pattern::{LoginPattern, OidcSupport, UploadPattern};
use crate::trust::registry::{Comparison, Registry, RegistrySet, WorkflowClaim};

/// What is known of one registry.
#[derive(Debug, Clone, Serialize)]
pub struct RegistryEntry<'r> {
    id: &'r str,
    name: &'r str,
    reviewed: &'r str,
    audience: &'r str,
    trusted_publishing: bool,
    fields: Vec<FieldEntry<'r>>,
    /// The workflow file that is compared if one workflow calls another: `calling`, `called` or nothing.
    compared_workflow: Option<&'static str>,
    accepted_events: &'r [String],
    refused_events: &'r [String],
    unsupported_runners: &'r [String],
    clients: Vec<ClientEntry<'r>>,
    /// The start of the names that a token may publish, with `{owner}` for the owner of the repository.
    allowed_names: Option<&'r str>,
    limit: Option<&'r str>,
    pending_form: Option<&'r str>,
    first_release: &'r str,
    tokens_end: Option<&'r str>,
    sources: &'r [String],
}

/// A field of the publisher form.
#[derive(Debug, Clone, Serialize)]
struct FieldEntry<'r> {
    key: &'r str,
    label: &'r str,
    required: bool,
    /// The claim that the registry compares with it.
    claim: Option<&'static str>,
    comparison: Option<&'static str>,
}

/// An action, command or called workflow that uploads or logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ClientEntry<'r> {
    name: &'r str,
    /// `native`: it requests the OIDC token itself; `login`: it exchanges the token for other clients; `none`: it needs a token.
    oidc: &'static str,
    /// The first version with trusted publishing.
    minimum: Option<&'r str>,
    /// The newest version that was checked and has no trusted publishing.
    checked: Option<&'r str>,
}

impl RegistryEntry<'_> {
    /// Whether a word is its id or its name; case is ignored.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        self.id.eq_ignore_ascii_case(word) || self.name.eq_ignore_ascii_case(word)
    }
}

impl FieldEntry<'_> {
    fn compared(&self) -> String {
        match (self.claim, self.comparison) {
            (Some(claim), Some(how)) => format!("{claim}, {how}"),
            _ => "not compared".to_owned(),
        }
    }
}

impl ClientEntry<'_> {
    fn version(&self) -> String {
        match (self.minimum, self.checked) {
            (Some(minimum), _) => format!("from {minimum}"),
            (None, Some(checked)) => format!("no OIDC up to {checked}"),
            (None, None) => String::new(),
        }
    }
}

/// Every registry, by id.
#[must_use]
pub fn entries(registries: &RegistrySet) -> Vec<RegistryEntry<'_>> {
    registries.iter().map(|registry| entry(registry, registries)).collect()
}

fn entry<'r>(registry: &'r Registry, all: &'r RegistrySet) -> RegistryEntry<'r> {
    let fields = registry.record.iter().map(|field| FieldEntry {
        key: &field.name,
        label: &field.label,
        required: field.required,
        claim: field.claim.map(crate::trust::registry::Claim::word),
        comparison: field.claim.map(|_| field.compare.unwrap_or(Comparison::Exact).description()),
    });
    RegistryEntry {
        id: &registry.id,
        name: &registry.name,
        reviewed: &registry.reviewed,
        audience: &registry.audience,
        trusted_publishing: !registry.without_trusted_publishing,
        fields: fields.collect(),
        compared_workflow: match registry.claims.workflow {
            WorkflowClaim::Called => Some("called"),
            WorkflowClaim::Caller => Some("calling"),
            WorkflowClaim::Either => Some("called or calling"),
            WorkflowClaim::None => None,
        },
        accepted_events: &registry.events.allowed,
        refused_events: &registry.events.refused,
        unsupported_runners: &registry.runners.unsupported,
        clients: clients(registry, all),
        allowed_names: registry.namespace.as_ref().map(|it| it.allowed.as_str()),
        limit: registry.set_up.limit.as_deref(),
        pending_form: registry.set_up.pending.as_deref(),
        first_release: &registry.set_up.first_release,
        tokens_end: registry.tokens_end.as_ref().map(|end| end.text.as_str()),
        sources: &registry.sources,
    }
}

/// The uploads and logins of a registry; those of the registry that it is like, if it has none.
fn clients<'r>(registry: &'r Registry, all: &'r RegistrySet) -> Vec<ClientEntry<'r>> {
    let mut list: Vec<ClientEntry<'_>> = Vec::new();
    let own = registry.logins.iter().map(login).chain(registry.uploads.iter().map(|pattern| upload(pattern, all)));
    for client in own {
        if !list.contains(&client) {
            list.push(client);
        }
    }
    match registry.like.as_deref().and_then(|like| all.get(like)) {
        Some(base) if list.is_empty() && base.like.is_none() => clients(base, all),
        _ => list,
    }
}

fn upload<'r>(pattern: &'r UploadPattern, all: &'r RegistrySet) -> ClientEntry<'r> {
    let names = [&pattern.action, &pattern.command, &pattern.workflow];
    let client = pattern.client.as_deref().and_then(|name| all.client(name));
    // The version of another client decides for a tool that runs it.
    let client = client.filter(|client| client.runs.is_empty()).map(|client| client.minimum.as_str());
    let native = pattern.oidc == OidcSupport::Native;
    let since = pattern.since.as_deref().or(pattern.refs.since.as_deref()).filter(|_| native);
    ClientEntry {
        name: names.into_iter().flatten().next().map_or("", String::as_str),
        oidc: if native { "native" } else { "none" },
        minimum: client.or(since),
        checked: pattern.checked.as_deref().filter(|_| !native),
    }
}

fn login(pattern: &LoginPattern) -> ClientEntry<'_> {
    let oidc = if pattern.is_minted() { "login" } else { "none" };
    ClientEntry { name: pattern.name(), oidc, minimum: pattern.refs.since.as_deref(), checked: None }
}

/// The audience of the token, between two marks.
fn audience(entry: &RegistryEntry<'_>, mark: &str) -> String {
    match entry.audience {
        "" => "audience not known".to_owned(),
        audience => format!("audience {mark}{}{mark}", sanitize::line(audience)),
    }
}

/// For a terminal: for each registry a heading, an aligned table of form fields and one of clients.
#[must_use]
pub fn text(entries: &[RegistryEntry<'_>]) -> String {
    let mut out = String::new();
    for entry in entries {
        let _ = writeln!(
            out,
            "{} ({}), reviewed {}, {}",
            sanitize::line(entry.name),
            sanitize::line(entry.id),
            sanitize::line(entry.reviewed),
            audience(entry, "")
        );
        for line in facts(entry) {
            let _ = writeln!(out, "  {}", sanitize::line(&line));
        }
        if !entry.fields.is_empty() {
            let mut rows = vec![["field", "form", "required", "compared"].map(str::to_owned)];
            rows.extend(entry.fields.iter().map(field_cells));
            table(&rows, &mut out);
        }
        let mut rows = vec![["client", "OIDC", "version"].map(str::to_owned)];
        rows.extend(entry.clients.iter().map(client_cells));
        table(&rows, &mut out);
        out.push('\n');
    }
    out
}

fn field_cells(field: &FieldEntry<'_>) -> [String; 4] {
    let required = if field.required { "yes" } else { "" };
    [field.key.to_owned(), field.label.to_owned(), required.to_owned(), field.compared()]
}

fn client_cells(client: &ClientEntry<'_>) -> [String; 3] {
    [client.name.to_owned(), client.oidc.to_owned(), client.version()]
}

/// Appends an aligned table, indented by four spaces.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]], out: &mut String) {
    let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| sanitize::line(cell))).collect();
    let mut widths = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(out, "    {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Sentences about a registry besides its fields and clients.
fn facts(entry: &RegistryEntry<'_>) -> Vec<String> {
    let list = |what: &str, values: &[String]| {
        (!values.is_empty())
            .then(|| format!("{what}: {}", values.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")))
    };
    let missing = (!entry.trusted_publishing).then(|| "No trusted publishing".to_owned());
    let workflow = entry.compared_workflow.map(|which| format!("Compared workflow file: the {which} one"));
    let sentence = |what: &str, text: Option<&str>| text.map(|text| format!("{what}: {text}"));
    let all = [
        missing,
        workflow.filter(|_| entry.fields.iter().any(|field| field.claim == Some("workflow"))),
        entry.allowed_names.map(|start| format!("Allowed names start with `{start}`; case counts")),
        list("Accepted events", entry.accepted_events),
        list("Refused events", entry.refused_events),
        list("Unsupported runners", entry.unsupported_runners),
        sentence("Stored tokens", entry.tokens_end),
        sentence("Limit", entry.limit),
        entry.pending_form.map(|form| format!("Form for a first release: <{form}>")),
        sentence("First release", Some(entry.first_release).filter(|text| !text.is_empty())),
    ];
    all.into_iter().flatten().collect()
}

/// `{"version": 1, "tool": {…}, "registries": [{"id": "…", …}]}`.
///
/// # Errors
/// If serialisation fails.
pub fn json(entries: &[RegistryEntry<'_>]) -> std::io::Result<String> {
    #[derive(Serialize)]
    struct Registries<'r> {
        version: u32,
        tool: ToolEntry,
        registries: &'r [RegistryEntry<'r>],
    }
    let registries = Registries { version: 1, tool: ToolEntry::new(), registries: entries };
    document(&registries)
}

/// `docs/src/registries.md`.
#[must_use]
pub fn page(entries: &[RegistryEntry<'_>]) -> String {
    let mut page =
        "<!-- Generated by `UPDATE=1 cargo test --test all -- generated`; edit the registry files instead. -->\n\n# Registries\n\nWhat trustpub knows of each registry, from \
         [`rules/registries`](https://github.com/trustpub/trustpub/tree/main/rules/registries); `trustpub registries` prints the same. \
         [Your own registry](own-registries.md) says how to add one.\n\nThe column *OIDC* says whether a client requests the OIDC token \
         itself (`native`), exchanges it for other clients (`login`), or needs a token (`none`).\n"
        .to_owned();
    for entry in entries {
        let _ = write!(
            page,
            "\n## {}\n\n`registry: {}` · {} · reviewed on {}\n\n",
            entry.name,
            entry.id,
            audience(entry, "`"),
            entry.reviewed
        );
        if !entry.fields.is_empty() {
            page.push_str("| config key | field of the form | required | compared with |\n| --- | --- | --- | --- |\n");
            for field in &entry.fields {
                let [key, label, required, compared] = field_cells(field);
                let _ = writeln!(page, "| `{key}` | {label} | {required} | {compared} |");
            }
            page.push('\n');
        }
        page.push_str("| client | OIDC | version |\n| --- | --- | --- |\n");
        for client in &entry.clients {
            let [name, oidc, version] = client_cells(client);
            let _ = writeln!(page, "| `{name}` | {oidc} | {version} |");
        }
        page.push('\n');
        for line in facts(entry) {
            let _ = writeln!(page, "- {line}.");
        }
        let sources: Vec<String> = entry.sources.iter().map(|source| format!("<{source}>")).collect();
        let _ = writeln!(page, "- Sources: {}", sources.join(", "));
    }
    page
}
