//! The first byte of each value of the built-in data. The build script, which writes it, includes this file.

pub(crate) const NULL: u8 = 0;
pub(crate) const FALSE: u8 = 1;
pub(crate) const TRUE: u8 = 2;
pub(crate) const NUMBER: u8 = 3;
pub(crate) const STRING: u8 = 4;
pub(crate) const LIST: u8 = 5;
pub(crate) const MAPPING: u8 = 6;
