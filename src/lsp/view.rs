//! A checked repository as its client sees it: places as locations, edits as workspace edits.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use gen_lsp_types::{
    Command, DocumentChange, Edit, Location, OptionalVersionedTextDocumentIdentifier, Position, Range, SnippetTextEdit,
    StringValue, TextDocumentEdit, TextDocumentIdentifier, TextEdit, Uri, WorkspaceEdit,
};
use serde_json::Value;

use crate::lint::findings::FixEdit;
use crate::lsp::client::Client;
use crate::lsp::open_document::Document;
use crate::lsp::workspace::CheckedRepository;
use crate::lsp::{position, uri};
use crate::read::source::{Place, SourceFile, Span};

/// The open documents by their paths.
pub(crate) type Documents = BTreeMap<PathBuf, Document>;

/// The URI of a path; of an open document, as the client spells it.
pub(crate) fn uri_of(documents: &Documents, path: &Path) -> Uri {
    Uri(documents.get(path).map_or_else(|| uri::of_path(path), |document| document.uri.clone()))
}

#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) client: &'a Client,
    pub(crate) repository: &'a CheckedRepository,
    pub(crate) documents: &'a Documents,
}

impl<'a> View<'a> {
    pub(crate) fn source(&self, place: Place) -> Option<&'a SourceFile> {
        self.repository.project.source(place.file)
    }

    pub(crate) fn uri(&self, file: &SourceFile) -> Uri {
        uri_of(self.documents, &self.repository.path(file))
    }

    pub(crate) fn range(&self, place: Place) -> Option<Range> {
        Some(position::range(self.source(place)?, place.span, self.client.unit))
    }

    pub(crate) fn location(&self, place: Place) -> Option<Location> {
        Some(Location { uri: self.uri(self.source(place)?), range: self.range(place)? })
    }

    /// The byte offset of a position in a file.
    pub(crate) fn offset(&self, file: &SourceFile, at: Position) -> u32 {
        position::offset(file, at, self.client.unit)
    }

    pub(crate) fn span(&self, file: &SourceFile, range: Range) -> Span {
        position::span(file, range, self.client.unit)
    }

    /// Edits of files of the project.
    pub(crate) fn edit(&self, edits: &[FixEdit]) -> Option<WorkspaceEdit> {
        let mut files: BTreeMap<PathBuf, Vec<TextEdit>> = BTreeMap::new();
        for edit in edits {
            let path = self.repository.path(self.source(edit.place)?);
            files
                .entry(path)
                .or_default()
                .push(TextEdit { range: self.range(edit.place)?, new_text: edit.text.clone() });
        }
        if !self.client.document_changes {
            let changes: HashMap<Uri, Vec<TextEdit>> =
                files.into_iter().map(|(path, edits)| (uri_of(self.documents, &path), edits)).collect();
            return Some(WorkspaceEdit { changes: Some(changes), document_changes: None, change_annotations: None });
        }
        let changes = files.into_iter().map(|(path, edits)| {
            DocumentChange::TextDocumentEdit(self.document_edit(&path, edits.into_iter().map(Edit::TextEdit).collect()))
        });
        Some(document_changes(changes.collect()))
    }

    /// One insertion with a placeholder in it, which the editor selects where it can.
    pub(crate) fn insertion(
        &self,
        place: Place,
        before: &str,
        placeholder: &str,
        after: &str,
    ) -> Option<WorkspaceEdit> {
        if !self.client.snippets_in_edits {
            return self.edit(&[FixEdit { place, text: format!("{before}{placeholder}{after}") }]);
        }
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}");
        let value = format!("{}${{1:{}}}{}", escaped(before), escaped(placeholder), escaped(after));
        let snippet =
            SnippetTextEdit { range: self.range(place)?, snippet: StringValue { value }, annotation_id: None };
        let path = self.repository.path(self.source(place)?);
        let change = self.document_edit(&path, vec![Edit::SnippetTextEdit(snippet)]);
        Some(document_changes(vec![DocumentChange::TextDocumentEdit(change)]))
    }

    /// Edits of one file, for the version that the client has of it.
    pub(crate) fn document_edit(&self, path: &Path, edits: Vec<Edit>) -> TextDocumentEdit {
        let version = self.documents.get(path).map(|document| document.version);
        let text_document_identifier = TextDocumentIdentifier { uri: uri_of(self.documents, path) };
        TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier { version, text_document_identifier },
            edits,
        }
    }
}

pub(crate) fn document_changes(changes: Vec<DocumentChange>) -> WorkspaceEdit {
    WorkspaceEdit { changes: None, document_changes: Some(changes), change_annotations: None }
}

pub(crate) fn command(title: &str, command: &str, arguments: Vec<Value>) -> Command {
    Command { title: title.to_owned(), tooltip: None, command: command.to_owned(), arguments: Some(arguments) }
}
