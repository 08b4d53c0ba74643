//! Builds the same tree from JSON, for the built-in rule files, which the build converts to JSON. The nodes have no places.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use crate::read::source::Span;
use crate::read::yaml::{NodeContent, NodeKind, NodeLink, NodeStyle, SyntaxError, SyntaxErrorKind, Tree};

/// Parses a JSON text. If it is invalid, the tree has only the error.
pub(crate) fn tree(text: &str) -> Tree {
    let mut tree = Tree::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    match JsonTreeBuilder(&mut tree).deserialize(&mut reader).and_then(|root| reader.end().map(|()| root)) {
        Ok(root) => {
            tree.root = Some(root);
            tree
        }
        Err(error) => {
            let message = error.to_string();
            let error = SyntaxError { kind: SyntaxErrorKind::Invalid, message, span: Span::at(0), first: None };
            Tree { errors: vec![error], ..Tree::default() }
        }
    }
}

/// Adds a value with its children to the tree.
struct JsonTreeBuilder<'t>(&'t mut Tree);

impl JsonTreeBuilder<'_> {
    fn scalar(&mut self, text: &str, kind: NodeKind) -> u32 {
        let style = if kind == NodeKind::Str { NodeStyle::DoubleQuoted } else { NodeStyle::Plain };
        self.0.add_scalar(text, kind, Span::at(0), style)
    }
}

impl<'de> DeserializeSeed<'de> for JsonTreeBuilder<'_> {
    type Value = u32;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<u32, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonTreeBuilder<'_> {
    type Value = u32;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E: Error>(mut self) -> Result<u32, E> {
        Ok(self.scalar("~", NodeKind::Null))
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<u32, E> {
        Ok(self.scalar(if value { "true" } else { "false" }, NodeKind::Bool))
    }

    fn visit_i64<E: Error>(mut self, value: i64) -> Result<u32, E> {
        Ok(self.scalar(&value.to_string(), NodeKind::Int))
    }

    fn visit_u64<E: Error>(mut self, value: u64) -> Result<u32, E> {
        Ok(self.scalar(&value.to_string(), NodeKind::Int))
    }

    fn visit_f64<E: Error>(mut self, value: f64) -> Result<u32, E> {
        Ok(self.scalar(&value.to_string(), NodeKind::Float))
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<u32, E> {
        Ok(self.scalar(text, NodeKind::Str))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<u32, A::Error> {
        let id = self.0.add_node(NodeContent::Sequence(NodeLink::default()), Span::at(0), NodeStyle::Flow);
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(JsonTreeBuilder(self.0))? {
            list.push(item);
        }
        self.0.fill(id, list.into_iter());
        Ok(id)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<u32, A::Error> {
        let id = self.0.add_node(NodeContent::Mapping(NodeLink::default()), Span::at(0), NodeStyle::Flow);
        let mut list = Vec::new();
        while let Some(key) = entries.next_key_seed(JsonTreeBuilder(self.0))? {
            list.extend([key, entries.next_value_seed(JsonTreeBuilder(self.0))?]);
        }
        self.0.fill(id, list.into_iter());
        Ok(id)
    }
}
