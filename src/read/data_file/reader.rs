//! A serde deserializer over the nodes of a tree. It collects every problem with its place and goes on without the invalid value.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};

use crate::read::data_file::{DataProblems, SHAPE, SPANNED, WORD};
use crate::read::packed::OFFSET;
use crate::read::problem::suggestion;
use crate::read::source::Span;
use crate::read::yaml::{MappingEntry, Node, NodeKind};

/// The maximum number of invalid values that are left out of one file; each costs one more pass over it.
const MOST_INVALID: usize = 50;

/// Reads a value and adds every problem. The value lacks its invalid parts; it is `None` if a required one is invalid.
pub(super) fn read<T: DeserializeOwned>(root: Node<'_>, problems: &mut DataProblems) -> Option<T> {
    let log = RefCell::new(ReadLog::default());
    let mut value = None;
    for _ in 0..MOST_INVALID {
        match T::deserialize(NodeReader { node: root, log: &log }) {
            Ok(read) => {
                value = Some(read);
                break;
            }
            Err(error) => {
                let mut log = log.borrow_mut();
                if let Some(message) = error.message {
                    log.problems.insert(error.place.unwrap_or_default(), message);
                }
                // The root itself is invalid, or the value was left out before.
                if !error.invalid.is_some_and(|span| log.invalid.insert(span)) {
                    break;
                }
            }
        }
    }
    log.into_inner().problems.into_iter().for_each(|(span, message)| problems.add(span, message));
    value
}

/// What the passes over a file have found.
#[derive(Default)]
struct ReadLog {
    problems: BTreeMap<Span, String>,
    /// The items and values of keys that are left out.
    invalid: HashSet<Span>,
}

/// Why a value cannot be read.
#[derive(Debug, Default)]
struct ReadError {
    /// `None` if the problem is reported already.
    message: Option<String>,
    place: Option<Span>,
    /// The item, or the value of a key, to leave out in the next pass.
    invalid: Option<Span>,
    /// The key that a mapping lacks.
    missing: Option<&'static str>,
}

impl ReadError {
    fn new(message: impl Into<String>, place: Span) -> Self {
        Self { message: Some(message.into()), place: Some(place), ..Self::default() }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.message.as_deref().unwrap_or_default())
    }
}

impl std::error::Error for ReadError {}

impl serde::de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: Some(message.to_string()), ..Self::default() }
    }

    fn missing_field(key: &'static str) -> Self {
        Self { message: Some(format!("the key `{key}` is missing")), missing: Some(key), ..Self::default() }
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format!("unknown value `{word}`{}", suggestion(word, known.iter().copied())))
    }
}

/// The place that identifies a node; an alias is not the node that it names.
fn identity(node: Node<'_>) -> Span {
    node.alias_span().unwrap_or_else(|| node.span())
}

/// The place for problems of a whole node: of a mapping, its first key.
fn start(node: Node<'_>) -> Span {
    node.entries().next().map_or_else(|| node.span(), |entry| entry.key.span())
}

#[derive(Clone, Copy)]
struct NodeReader<'l, 't> {
    node: Node<'t>,
    log: &'l RefCell<ReadLog>,
}

impl<'l, 't> NodeReader<'l, 't> {
    fn expected<T>(self, what: &str) -> Result<T, ReadError> {
        Err(ReadError::new(format!("expected {what}, found {}", self.node.kind().described()), start(self.node)))
    }

    /// Adds the place of this node to an error that has none.
    fn place<T>(self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| ReadError { place: error.place.or_else(|| Some(start(self.node))), ..error })
    }

    /// Reads an item or the value of a key.
    fn child<'de, S: DeserializeSeed<'de>>(self, node: Node<'t>, seed: S) -> Result<S::Value, ReadError> {
        let reader = Self { node, log: self.log };
        reader
            .place(seed.deserialize(reader))
            .map_err(|error| ReadError { invalid: error.invalid.or_else(|| Some(identity(node))), ..error })
    }

    fn is_valid(self, node: Node<'_>) -> bool {
        !self.log.borrow().invalid.contains(&identity(node))
    }

    fn text(self) -> Result<&'t str, ReadError> {
        match self.node.text() {
            Some(text) if !self.node.is_null() => Ok(text),
            _ => self.expected("a string"),
        }
    }

    fn items(self) -> ItemReader<'l, 't, impl Iterator<Item = Node<'t>>> {
        ItemReader { items: self.node.items().filter(move |item| self.is_valid(*item)), parent: self }
    }

    /// The entries with one of some keys, or all.
    fn entries(
        self,
        known: Option<&'static [&'static str]>,
    ) -> EntryReader<'l, 't, impl Iterator<Item = MappingEntry<'t>>> {
        let is_known = move |entry: &MappingEntry<'_>| {
            let key = entry.key.text().unwrap_or_default();
            let unknown = known.filter(|known| !known.contains(&key));
            if let Some(known) = unknown {
                let message = format!("unknown key `{key}`{}", suggestion(key, known.iter().copied()));
                self.log.borrow_mut().problems.insert(entry.key.span(), message);
            }
            unknown.is_none() && self.is_valid(entry.value)
        };
        EntryReader { entries: self.node.entries().filter(is_known), parent: self, value: None }
    }
}

impl<'de, 't> Deserializer<'de> for NodeReader<'_, 't> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let text = || self.node.text().unwrap_or_default();
        match self.node.kind() {
            NodeKind::Null => visitor.visit_unit(),
            NodeKind::Bool => visitor.visit_bool(self.node.bool().unwrap_or_default()),
            NodeKind::Int if text().parse::<i64>().is_ok() => visitor.visit_i64(text().parse().unwrap_or_default()),
            NodeKind::Int | NodeKind::Str => visitor.visit_str(text()),
            NodeKind::Float => match text().parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => visitor.visit_str(text()),
            },
            NodeKind::Mapping => visitor.visit_map(self.entries(None)),
            NodeKind::Sequence => visitor.visit_seq(self.items()),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.bool() {
            Some(flag) => visitor.visit_bool(flag),
            None => self.expected("`true` or `false`"),
        }
    }

    /// A number is the text that the file contains.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_str(self.node.text().unwrap_or_default())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.kind() {
            NodeKind::Sequence | NodeKind::Null => visitor.visit_seq(self.items()),
            _ => self.expected("a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.kind() {
            NodeKind::Mapping | NodeKind::Null => visitor.visit_map(self.entries(None)),
            _ => self.expected("a mapping"),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if !self.node.is_mapping() {
            return self.expected("a mapping");
        }
        self.place(visitor.visit_map(self.entries(Some(fields)))).map_err(|error| match error.missing {
            // The key is there, and its value was reported as invalid.
            Some(key) if self.node.get(key).is_some() => ReadError { message: None, missing: None, ..error },
            _ => ReadError { missing: None, ..error },
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let word: StrDeserializer<'_, ReadError> = self.text()?.into_deserializer();
        visitor.visit_enum(word)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match name {
            SPANNED => visitor.visit_seq(SpanReader { reader: self, next: 0 }),
            SHAPE => visitor.visit_enum(ShapeReader(self)),
            OFFSET => visitor.visit_some(self),
            WORD => visitor.visit_str(self.text()?),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct ignored_any
    }
}

struct ItemReader<'l, 't, I> {
    items: I,
    parent: NodeReader<'l, 't>,
}

impl<'de, 't, I: Iterator<Item = Node<'t>>> SeqAccess<'de> for ItemReader<'_, 't, I> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        self.items.next().map(|item| self.parent.child(item, seed)).transpose()
    }
}

struct EntryReader<'l, 't, I> {
    entries: I,
    parent: NodeReader<'l, 't>,
    value: Option<Node<'t>>,
}

impl<'de, 't, I: Iterator<Item = MappingEntry<'t>>> MapAccess<'de> for EntryReader<'_, 't, I> {
    type Error = ReadError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        self.value = Some(entry.value);
        // An invalid key is left out with its value.
        let key = self.parent.child(entry.key, seed);
        key.map(Some).map_err(|error| ReadError { invalid: Some(identity(entry.value)), ..error })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let Some(value) = self.value.take() else { return self.parent.expected("a value") };
        self.parent.child(value, seed)
    }
}

/// Yields the start of a node, its end and its value, in this order.
struct SpanReader<'l, 't> {
    reader: NodeReader<'l, 't>,
    next: usize,
}

impl<'de> SeqAccess<'de> for SpanReader<'_, '_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        let span = self.reader.node.span();
        self.next += 1;
        match self.next {
            1 => seed.deserialize(span.start.into_deserializer()),
            2 => seed.deserialize(span.end.into_deserializer()),
            _ => seed.deserialize(self.reader),
        }
        .map(Some)
    }
}

/// The shape of a node as a number, with the node as content: a scalar, a list or a mapping.
struct ShapeReader<'l, 't>(NodeReader<'l, 't>);

impl<'de> EnumAccess<'de> for ShapeReader<'_, '_> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), ReadError> {
        let shape: u8 = match self.0.node.kind() {
            NodeKind::Sequence => 1,
            NodeKind::Mapping => 2,
            _ => 0,
        };
        Ok((seed.deserialize(shape.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for ShapeReader<'_, '_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        self.0.expected("a value")
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ReadError> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, ReadError> {
        self.0.expected("a value")
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _visitor: V) -> Result<V::Value, ReadError> {
        self.0.expected("a value")
    }
}
