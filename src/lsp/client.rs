//! What the client can do, from its `initialize` request, and the settings of the user.

use gen_lsp_types::{
    ClientCapabilities, DiagnosticTag, MarkupKind, PositionEncodingKind, ResourceOperationKind,
    WorkspaceEditClientCapabilities,
};
use serde::Deserialize;
use serde_json::Value;

use crate::read::source::ColumnUnit;

/// What the client can do. Everything that it does not mention is missing.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    /// The unit of columns.
    pub(crate) unit: ColumnUnit,
    /// It requests the diagnostics of open documents; they are not pushed then.
    pub(crate) pulls_diagnostics: bool,
    pub(crate) related_information: bool,
    pub(crate) diagnostic_tags: Vec<DiagnosticTag>,
    /// It supports edits that name the version of the document (`documentChanges`).
    pub(crate) document_changes: bool,
    pub(crate) creates_files: bool,
    pub(crate) snippets_in_edits: bool,
    pub(crate) markdown_hover: bool,
    pub(crate) shows_documents: bool,
    pub(crate) watches_files: bool,
    pub(crate) refreshes_diagnostics: bool,
    pub(crate) refreshes_lenses: bool,
}

impl Client {
    pub(crate) fn new(capabilities: &ClientCapabilities) -> Self {
        let workspace = capabilities.workspace.as_ref();
        let text = capabilities.text_document.as_ref();
        let edits: Option<&WorkspaceEditClientCapabilities> = workspace.and_then(|it| it.workspace_edit.as_ref());
        let pushed = text.and_then(|it| it.publish_diagnostics.as_ref()).map(|it| &it.diagnostics_capabilities);
        let pulled = text.and_then(|it| it.diagnostic.as_ref());
        let shown = pulled.map(|it| &it.diagnostics_capabilities).or(pushed);
        let document_changes = edits.and_then(|it| it.document_changes) == Some(true);
        let operations = edits.and_then(|it| it.resource_operations.as_deref()).unwrap_or_default();
        let formats = text.and_then(|it| it.hover.as_ref()).and_then(|it| it.content_format.as_deref());
        Self {
            unit: encoding(capabilities),
            pulls_diagnostics: pulled.is_some(),
            related_information: shown.and_then(|it| it.related_information) == Some(true),
            diagnostic_tags: shown
                .and_then(|it| it.tag_support.as_ref())
                .map_or_else(Vec::new, |it| it.value_set.clone()),
            document_changes,
            creates_files: document_changes && operations.contains(&ResourceOperationKind::Create),
            snippets_in_edits: document_changes && edits.and_then(|it| it.snippet_edit_support) == Some(true),
            markdown_hover: formats.is_some_and(|it| it.contains(&MarkupKind::Markdown)),
            shows_documents: capabilities
                .window
                .as_ref()
                .and_then(|it| it.show_document.as_ref())
                .is_some_and(|it| it.support),
            watches_files: workspace
                .and_then(|it| it.did_change_watched_files.as_ref())
                .and_then(|it| it.dynamic_registration)
                == Some(true),
            refreshes_diagnostics: workspace.and_then(|it| it.diagnostics.as_ref()).and_then(|it| it.refresh_support)
                == Some(true),
            refreshes_lenses: workspace.and_then(|it| it.code_lens.as_ref()).and_then(|it| it.refresh_support)
                == Some(true),
        }
    }

    /// The name of the position encoding.
    pub(crate) const fn encoding(&self) -> PositionEncodingKind {
        match self.unit {
            ColumnUnit::Utf8 => PositionEncodingKind::UTF8,
            ColumnUnit::Utf16 => PositionEncodingKind::UTF16,
            ColumnUnit::CodePoints => PositionEncodingKind::UTF32,
        }
    }
}

/// The cheapest encoding that the client offers: UTF-8 needs no conversion. A client that offers none has UTF-16.
fn encoding(capabilities: &ClientCapabilities) -> ColumnUnit {
    let offered = capabilities.general.as_ref().and_then(|it| it.position_encodings.as_deref()).unwrap_or_default();
    let known = [
        (PositionEncodingKind::UTF8, ColumnUnit::Utf8),
        (PositionEncodingKind::UTF32, ColumnUnit::CodePoints),
        (PositionEncodingKind::UTF16, ColumnUnit::Utf16),
    ];
    let best = known.into_iter().find(|(kind, _)| offered.contains(kind));
    best.map_or(ColumnUnit::Utf16, |(_, unit)| unit)
}

/// The settings of the user: `initializationOptions`, or the section `trustpub` of the client's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Settings {
    /// Show a code lens above each job with an upload.
    pub(crate) code_lens: bool,
    /// Folders of user rules, like `--rules`; a relative path starts at the root of the repository.
    pub(crate) rules: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { code_lens: true, rules: Vec::new() }
    }
}

impl Settings {
    /// Reads settings, with or without the name of their section around them. `None` if there are none.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let section = value.get("trustpub").unwrap_or(value);
        section.as_object().and_then(|_| serde_json::from_value(section.clone()).ok())
    }
}
