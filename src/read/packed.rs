//! The built-in data in the form that the build script writes: it is read without being parsed, and any part of it is skipped in one step.
//!
//! The data is one value. A value is a byte for its kind, and then
//!
//! - of a number: the number,
//! - of a string: its length and its text,
//! - of a list: the number of its items, the length of all of them, and the items,
//! - of a mapping: the number of its entries, the length of all of them, and the entries: the length and the text of the key, and the
//!   value.
//!
//! Lengths are in bytes. Numbers and lengths take six bits of each byte, the lowest first; another byte follows one whose seventh bit is
//! set. All of these bytes are ASCII, so that the whole data is UTF-8 and its strings need not be checked.

mod kind;

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, Error, MapAccessDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

static DATA: &str = include_str!(concat!(env!("OUT_DIR"), "/packed"));

/// The name of a newtype struct for which only the offset of the value is read.
pub(crate) const OFFSET: &str = "$offset";

/// A value of the built-in data; by default the whole of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PackedValue {
    /// In bytes.
    offset: usize,
}

impl PackedValue {
    /// The value at an offset that was read as [`OFFSET`].
    pub(crate) fn at(offset: u64) -> Self {
        // No offset is above the length of the data.
        Self { offset: usize::try_from(offset).unwrap_or(usize::MAX) }
    }

    /// Reads the value.
    ///
    /// # Errors
    /// If it is no `T`.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        T::deserialize(&mut PackedReader { offset: self.offset })
    }
}

impl<'de> Deserialize<'de> for PackedValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OffsetVisitor;

        impl Visitor<'_> for OffsetVisitor {
            type Value = PackedValue;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a value of the built-in data")
            }

            fn visit_u64<E: serde::de::Error>(self, offset: u64) -> Result<PackedValue, E> {
                Ok(PackedValue::at(offset))
            }
        }

        deserializer.deserialize_newtype_struct(OFFSET, OffsetVisitor)
    }
}

/// Reads one value after the other.
struct PackedReader {
    offset: usize,
}

impl PackedReader {
    fn byte(&mut self) -> Result<u8, Error> {
        let byte = DATA.as_bytes().get(self.offset).ok_or_else(|| Error::custom("the built-in data ends too early"))?;
        self.offset += 1;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u64, Error> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x3f) << shift;
            if byte < 0x40 {
                return Ok(number);
            }
            shift += 6;
            if shift >= u64::BITS {
                return Err(Error::custom("a number of the built-in data is too long"));
            }
        }
    }

    fn length(&mut self) -> Result<usize, Error> {
        // No length is above that of the data.
        Ok(self.number()? as usize)
    }

    fn string(&mut self) -> Result<&'static str, Error> {
        let length = self.length()?;
        let end = self.offset.saturating_add(length);
        let text = DATA.get(self.offset..end).ok_or_else(|| Error::custom("a built-in string is cut"))?;
        self.offset = end;
        Ok(text)
    }

    /// Reads the kind of a value, which is the expected one.
    fn expect(&mut self, kind: u8, expected: &str) -> Result<(), Error> {
        if self.byte()? == kind { Ok(()) } else { Err(not(expected)) }
    }

    /// The number of the items or entries that follow.
    fn count(&mut self) -> Result<usize, Error> {
        let count = self.length()?;
        self.length()?;
        Ok(count)
    }

    /// Goes to the end of the value that starts here.
    fn skip(&mut self) -> Result<(), Error> {
        match self.byte()? {
            kind::NUMBER => drop(self.number()?),
            kind::STRING => drop(self.string()?),
            kind::LIST | kind::MAPPING => {
                self.number()?;
                let length = self.length()?;
                self.offset = self.offset.saturating_add(length);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cold]
fn not(expected: &str) -> Error {
    Error::custom(format_args!("a built-in value is not {expected}"))
}

impl<'de> Deserializer<'de> for &mut PackedReader {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.byte()? {
            kind::NULL => visitor.visit_unit(),
            kind::FALSE => visitor.visit_bool(false),
            kind::TRUE => visitor.visit_bool(true),
            kind::NUMBER => visitor.visit_u64(self.number()?),
            kind::STRING => visitor.visit_borrowed_str(self.string()?),
            kind::LIST => visitor.visit_seq(PackedItems { left: self.count()?, reader: self }),
            kind::MAPPING => visitor.visit_map(PackedItems { left: self.count()?, reader: self }),
            _ => Err(not("of a known kind")),
        }
    }

    // Most types accept one kind of value. Without the code for the other kinds, the program is 0.3 MB smaller. The code of a type is not
    // repeated in each field of that type, because most of the time of a start goes by until the code is in memory.

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.byte()? {
            kind::FALSE => visitor.visit_bool(false),
            kind::TRUE => visitor.visit_bool(true),
            _ => Err(not("a boolean")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.expect(kind::STRING, "a string")?;
        visitor.visit_borrowed_str(self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    #[inline(never)]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.expect(kind::LIST, "a list")?;
        visitor.visit_seq(PackedItems { left: self.count()?, reader: self })
    }

    #[inline(never)]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.expect(kind::MAPPING, "a mapping")?;
        visitor.visit_map(PackedItems { left: self.count()?, reader: self })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match DATA.as_bytes().get(self.offset) {
            Some(&kind::NULL) => self.deserialize_any(visitor),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        if name != OFFSET {
            return visitor.visit_newtype_struct(self);
        }
        let offset = self.offset;
        self.skip()?;
        visitor.visit_u64(offset as u64)
    }

    #[inline(never)]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.byte()? {
            kind::STRING => visitor.visit_enum(BorrowedStrDeserializer::new(self.string()?)),
            kind::MAPPING => {
                let entries = PackedItems { left: self.count()?, reader: self };
                visitor.visit_enum(MapAccessDeserializer::new(entries))
            }
            _ => Err(not("a variant")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

/// The rest of a list or of a mapping.
struct PackedItems<'r> {
    reader: &'r mut PackedReader,
    left: usize,
}

impl<'de> SeqAccess<'de> for PackedItems<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for PackedItems<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(BorrowedStrDeserializer::new(self.reader.string()?)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
