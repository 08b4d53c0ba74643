//! Data files: rules, registries, needs, GitHub's facts. One reader for all kinds: a kind is a struct that derives `Deserialize` and
//! `JsonSchema`, so that its loader, its schema and its reference agree.
//!
//! The build packs the built-in files, because packed data is read much faster than YAML. [`DataFile::read`] is the only function that
//! distinguishes the two.

mod reader;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::OnceLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::read::packed::{OFFSET, PackedValue};
use crate::read::problem::Problem;
use crate::read::source::{ColumnUnit, FileId, Place, SourceFile, Span};
use crate::read::yaml::{self, Dialect, MappingEntry};

/// A data file.
pub(crate) struct DataFile {
    /// Its path and its text; a packed file has no text.
    pub(crate) source: SourceFile,
    /// The content of a built-in file without its examples. The tests validate it.
    packed: Option<PackedValue>,
}

impl DataFile {
    pub(crate) fn new(path: impl Into<String>, text: String) -> Self {
        Self { source: SourceFile::new(path, text.into_bytes()), packed: None }
    }

    /// A built-in file as its author wrote it.
    pub(crate) fn built_in(path: String, text: &'static str) -> Self {
        Self { source: SourceFile::built_in(path, text), packed: None }
    }

    /// A built-in file without its examples.
    pub(crate) fn packed(path: String, content: PackedValue) -> Self {
        Self { source: SourceFile::built_in(path, ""), packed: Some(content) }
    }

    /// Whether it is a built-in file without its examples, which the tests validate.
    pub(crate) const fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// The file name without its extension.
    pub(crate) fn stem(&self) -> &str {
        let name = self.source.file_name();
        name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Every syntax error; else every unknown key, wrong value and missing key.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<Problem>> {
        let mut problems = DataProblems::default();
        if let Some(content) = self.packed {
            let value = content.read().map_err(|error| problems.add(Span::at(0), error.to_string()));
            return problems.result(value.ok());
        }
        let tree = yaml::parse(self.source.text(), Dialect::Data);
        tree.errors().iter().for_each(|error| problems.add(error.span, error.message.clone()));
        let Some(root) = tree.root().filter(|_| tree.errors().is_empty()) else {
            if tree.errors().is_empty() {
                problems.add(self.source.line_span(1), "the file is empty");
            }
            return problems.result(None);
        };
        let value = reader::read(root, &mut problems);
        problems.result(value)
    }

    /// The keys of a file with their places; `None` for a packed file.
    pub(crate) fn keys(&self) -> Option<Vec<(String, Span)>> {
        let tree = (!self.is_packed()).then(|| yaml::parse(self.source.text(), Dialect::Data))?;
        let key = |entry: MappingEntry<'_>| Some((entry.key.text()?.to_owned(), entry.key.span()));
        Some(tree.root()?.entries().filter_map(key).collect())
    }

    /// Problems as `path:line:column: message`.
    pub(crate) fn described(&self, problems: &[Problem]) -> Vec<String> {
        let described = |problem: &Problem| {
            let at = self.source.position(problem.place.span.start, ColumnUnit::CodePoints);
            format!("{}:{}:{}: {}", self.source.path(), at.line, at.column, problem.message)
        };
        problems.iter().map(described).collect()
    }
}

/// The problems of a data file.
#[derive(Debug, Default)]
pub(crate) struct DataProblems(Vec<Problem>);

impl DataProblems {
    pub(crate) fn add(&mut self, span: Span, message: impl Into<String>) {
        self.0.push(Problem::new(Place { file: FileId(0), span }, message));
    }

    /// The value if there is no problem, else the problems in the order of the file.
    pub(crate) fn result<T>(mut self, value: Option<T>) -> Result<T, Vec<Problem>> {
        self.0.sort_by_key(|problem| problem.place);
        self.0.dedup();
        value.filter(|_| self.0.is_empty()).ok_or(self.0)
    }
}

/// The names by which `reader` recognises these types; no other deserializer does anything for them.
const SPANNED: &str = "$spanned";
const SHAPE: &str = "$shape";
const WORD: &str = "$word";

/// A value with its place; in a built-in file the place is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpannedVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
            type Value = Spanned<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a value")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Spanned<T>, D::Error> {
                Ok(Spanned { value: T::deserialize(deserializer)?, span: Span::default() })
            }

            /// The scalar of a [`Shape`].
            fn visit_str<E: Error>(self, text: &str) -> Result<Spanned<T>, E> {
                Ok(Spanned { value: T::deserialize(text.into_deserializer())?, span: Span::default() })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Spanned<T>, A::Error> {
                let missing = || A::Error::custom("a place is missing");
                let start = parts.next_element()?.ok_or_else(missing)?;
                let end = parts.next_element()?.ok_or_else(missing)?;
                Ok(Spanned { value: parts.next_element()?.ok_or_else(missing)?, span: Span::new(start, end) })
            }
        }

        deserializer.deserialize_newtype_struct(SPANNED, SpannedVisitor(PhantomData))
    }
}

/// The schema of a type that is written like another one.
macro_rules! same_schema {
    ($type:ty, $written:ty, $parameter:ident) => {
        impl<$parameter: JsonSchema> JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                <$written>::schema_name()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                <$written>::json_schema(generator)
            }

            fn inline_schema() -> bool {
                <$written>::inline_schema()
            }

            fn schema_id() -> Cow<'static, str> {
                <$written>::schema_id()
            }
        }
    };
}

same_schema!(Spanned<T>, T, T);
same_schema!(Entries<V>, BTreeMap<String, V>, V);
same_schema!(Lazy<T>, T, T);

/// A mapping with keys of the file's choice, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Entries<V>(pub Vec<(Spanned<String>, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
            type Value = Entries<V>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
                let mut list = Vec::with_capacity(map.size_hint().unwrap_or_default());
                while let Some(entry) = map.next_entry()? {
                    list.push(entry);
                }
                Ok(Entries(list))
            }
        }

        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

/// A part of a data file that many runs do not need. In a packed file it is read at its first use.
pub struct Lazy<T> {
    /// Absent if it was read with its file.
    packed: Option<PackedValue>,
    /// Boxed, so that a list of parts that are not read is small.
    value: OnceLock<Box<T>>,
}

impl<T: DeserializeOwned + Default> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // The tests compare every packed file with its YAML, so that no part is invalid.
        self.value.get_or_init(|| Box::new(self.packed.and_then(|packed| packed.read().ok()).unwrap_or_default()))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lazy<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LazyVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for LazyVisitor<T> {
            type Value = Lazy<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a value")
            }

            /// A node of a tree.
            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Lazy<T>, D::Error> {
                T::deserialize(deserializer).map(Lazy::from)
            }

            fn visit_u64<E: Error>(self, offset: u64) -> Result<Lazy<T>, E> {
                Ok(Lazy { packed: Some(PackedValue::at(offset)), value: OnceLock::new() })
            }
        }

        deserializer.deserialize_newtype_struct(OFFSET, LazyVisitor(PhantomData))
    }
}

impl<T> Lazy<T> {
    /// Some keys of a part that is not read yet; `None` if it was read with its file.
    pub(crate) fn keys<K: DeserializeOwned>(&self) -> Option<K> {
        self.packed?.read().ok()
    }

    /// The part in another form, which is read in the same way.
    pub(crate) fn convert<U>(self, convert: impl FnOnce(T) -> U) -> Lazy<U> {
        let value = self.value.into_inner().map(|value| Box::new(convert(*value)));
        Lazy { packed: self.packed, value: value.map_or_else(OnceLock::new, OnceLock::from) }
    }
}

impl<T> From<T> for Lazy<T> {
    fn from(value: T) -> Self {
        Self { packed: None, value: OnceLock::from(Box::new(value)) }
    }
}

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Self { packed: None, value: OnceLock::new() }
    }
}

impl<T: Clone> Clone for Lazy<T> {
    fn clone(&self) -> Self {
        Self { packed: self.packed, value: self.value.clone() }
    }
}

impl<T: DeserializeOwned + Default + fmt::Debug> fmt::Debug for Lazy<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(out)
    }
}

/// A scalar as text: a string, a number or a boolean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word(pub String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordVisitor;

        impl<'de> Visitor<'de> for WordVisitor {
            type Value = Word;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string, a number or a boolean")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Word, E> {
                Ok(Word(text.to_owned()))
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Word, E> {
                Ok(Word(flag.to_string()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Word, E> {
                Ok(Word(serde_json::Value::from(number).to_string()))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Word, D::Error> {
                deserializer.deserialize_any(self)
            }
        }

        deserializer.deserialize_newtype_struct(WORD, WordVisitor)
    }
}

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for Word {
    fn schema_name() -> Cow<'static, str> {
        "Word".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "number", "boolean"]})
    }
}

/// A value that can be written in several ways: as a scalar, as a list or as a mapping. [`Never`] excludes one of them.
#[derive(Debug, Clone)]
pub(crate) enum Shape<S, L, M> {
    /// A scalar.
    One(S),
    /// A list.
    Many(Vec<L>),
    /// A mapping.
    Map(M),
}

impl<S: Default, L, M> Default for Shape<S, L, M> {
    fn default() -> Self {
        Self::One(S::default())
    }
}

/// One value or a list.
pub(crate) type OneOrMany<T> = Shape<T, T, Never>;
/// One value, or one for each of some cases.
pub(crate) type OneOrMap<T> = Shape<T, Never, Entries<T>>;

/// A shape that a value cannot have.
#[derive(Debug, Clone)]
pub(crate) enum Never {}

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("the value cannot be written in this way"))
    }
}

impl JsonSchema for Never {
    fn schema_name() -> Cow<'static, str> {
        "Never".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        false.into()
    }
}

impl<T> OneOrMany<T> {
    /// The values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        match self {
            Self::One(value) => std::slice::from_ref(value).iter(),
            Self::Many(list) => list.iter(),
            Self::Map(never) => match *never {},
        }
    }

    /// The values.
    pub(crate) fn into_list(self) -> Vec<T> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(list) => list,
            Self::Map(never) => match never {},
        }
    }
}

impl<'de, S, L, M> Deserialize<'de> for Shape<S, L, M>
where
    S: Deserialize<'de>,
    L: Deserialize<'de>,
    M: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SHAPE, ShapeVisitor(PhantomData))
    }
}

struct ShapeVisitor<S, L, M>(PhantomData<(S, L, M)>);

impl<'de, S, L, M> Visitor<'de> for ShapeVisitor<S, L, M>
where
    S: Deserialize<'de>,
    L: Deserialize<'de>,
    M: Deserialize<'de>,
{
    type Value = Shape<S, L, M>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    /// A node of a tree: the shape, and then the node itself.
    fn visit_enum<A: EnumAccess<'de>>(self, node: A) -> Result<Self::Value, A::Error> {
        match node.variant::<u8>()? {
            (1, node) => node.newtype_variant().map(Shape::Many),
            (2, node) => node.newtype_variant().map(Shape::Map),
            (_, node) => node.newtype_variant().map(Shape::One),
        }
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        S::deserialize(text.into_deserializer()).map(Shape::One)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        S::deserialize(flag.into_deserializer()).map(Shape::One)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        S::deserialize(number.into_deserializer()).map(Shape::One)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        S::deserialize(number.into_deserializer()).map(Shape::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(Shape::Many)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        M::deserialize(MapAccessDeserializer::new(entries)).map(Shape::Map)
    }
}

impl<S: JsonSchema, L: JsonSchema, M: JsonSchema> JsonSchema for Shape<S, L, M> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Or{}Or{}", S::schema_name(), L::schema_name(), M::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = (L::schema_name() != Never::schema_name()).then(|| generator.subschema_for::<Vec<L>>());
        let others = [generator.subschema_for::<S>(), generator.subschema_for::<M>()];
        let schemas: Vec<Schema> = others.into_iter().chain(list).filter(|schema| schema.as_bool().is_none()).collect();
        json_schema!({"anyOf": schemas})
    }
}
