//! Values of expressions, known or unknown, with GitHub's type conversions.

use std::sync::Arc;

/// A value of GitHub's expression types.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Outcome>),
    /// Names are looked up without case.
    Object(Vec<(String, Outcome)>),
}

/// A value, or the reason why it is unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A known value.
    Known(Value),
    /// Not known.
    Unknown(UnknownReason),
}

/// The reason why something is unknown: a short noun phrase. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownReason {
    what: Arc<str>,
    /// The known prefix of an unknown string.
    prefix: Option<Arc<str>>,
    /// What the unknown string is known not to be.
    excluded: Option<Arc<[StringTest]>>,
    /// Whether the unknown value is known to be true as a condition.
    truthy: bool,
}

/// A test of a string against a literal: equality or, if not `exact`, a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StringTest {
    /// The literal.
    pub literal: String,
    /// Whether the whole string is compared.
    pub exact: bool,
}

impl StringTest {
    /// Whether every string equal to `text` or, if not `exact`, starting with it passes the test.
    fn implied_by(&self, text: &str, exact: bool) -> bool {
        match self.exact {
            true => exact && same_text(&self.literal, text),
            false => text.get(..self.literal.len()).is_some_and(|start| same_text(start, &self.literal)),
        }
    }
}

impl UnknownReason {
    /// A reason such as "the output of step `build`".
    #[must_use]
    pub fn new(what: impl Into<Arc<str>>) -> Self {
        Self { what: what.into(), prefix: None, excluded: None, truthy: false }
    }

    /// The known prefix of the unknown string.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// The reason for a value derived from this one, whose prefix is unknown.
    #[must_use]
    pub(crate) fn derived(&self) -> Self {
        Self::new(self.what.clone())
    }

    pub(crate) fn with_prefix(self, prefix: String) -> Self {
        Self { prefix: (!prefix.is_empty()).then(|| prefix.into()), excluded: None, ..self }
    }

    pub(crate) fn truthy(self) -> Self {
        Self { truthy: true, ..self }
    }

    pub(crate) fn excluding(self, excluded: impl IntoIterator<Item = StringTest>) -> Self {
        let excluded: Vec<StringTest> = excluded.into_iter().collect();
        Self { excluded: (!excluded.is_empty()).then(|| excluded.into()), ..self }
    }

    /// Whether the unknown string is known to differ from `text` or, if not `exact`, to start otherwise.
    pub(crate) fn excludes(&self, text: &str, exact: bool) -> bool {
        self.excluded.iter().flat_map(|tests| tests.iter()).any(|test| test.implied_by(text, exact))
    }
}

impl std::fmt::Display for UnknownReason {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.what)
    }
}

impl Outcome {
    /// An unknown value and the reason.
    #[must_use]
    pub fn unknown(what: impl Into<Arc<str>>) -> Self {
        Self::Unknown(UnknownReason::new(what))
    }

    /// A string of which only a prefix is known.
    #[must_use]
    pub fn with_prefix(prefix: &str, what: &str) -> Self {
        Self::Unknown(UnknownReason::new(what).with_prefix(prefix.to_owned()))
    }

    /// A known string.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Known(Value::Text(text.into()))
    }

    /// The value at a path of properties; null for a property that does not exist.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Self {
        let mut here = self;
        for name in path {
            match here {
                Self::Known(Value::Object(entries)) => {
                    match entries.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
                        Some((_, next)) => here = next,
                        None => return Self::Known(Value::Null),
                    }
                }
                Self::Known(_) => return Self::Known(Value::Null),
                Self::Unknown(_) => return here.clone(),
            }
        }
        here.clone()
    }

    /// Its truth value.
    #[must_use]
    pub fn truth(&self) -> Truth {
        match self {
            Self::Known(value) => Truth::from(truthy(value)),
            // A string with a known prefix is not empty.
            Self::Unknown(reason) if reason.prefix.is_some() || reason.truthy => Truth::Yes,
            Self::Unknown(reason) => Truth::Unknown(reason.clone()),
        }
    }
}

/// A three-valued truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// True.
    Yes,
    /// False.
    No,
    /// Not known.
    Unknown(UnknownReason),
}

impl From<bool> for Truth {
    fn from(flag: bool) -> Self {
        if flag { Self::Yes } else { Self::No }
    }
}

impl Truth {
    /// Logical and; a `No` decides even if the other is unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown(reason), _) | (_, Self::Unknown(reason)) => Self::Unknown(reason),
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// Logical not.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    /// The truth as a boolean value.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Yes => Outcome::Known(Value::Bool(true)),
            Self::No => Outcome::Known(Value::Bool(false)),
            Self::Unknown(reason) => Outcome::Unknown(reason),
        }
    }
}

fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::Text(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// The string form of a value, as `format` and `join` use it.
#[must_use]
pub fn coerce_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number_text(*number),
        Value::Text(text) => text.clone(),
        Value::Array(_) => "Array".to_owned(),
        Value::Object(_) => "Object".to_owned(),
    }
}

fn number_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        // GitHub prints 15 significant digits.
        format!("{number:.14e}").parse::<f64>().unwrap_or(number).to_string()
    }
}

/// The number used to compare a value.
pub(crate) fn coerce_number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::Number(number) => *number,
        Value::Text(text) => text_number(text.trim()),
        Value::Array(_) | Value::Object(_) => f64::NAN,
    }
}

fn text_number(text: &str) -> f64 {
    if text.is_empty() {
        return 0.0;
    }
    let radix = |rest: &str, radix| i64::from_str_radix(rest, radix).map_or(f64::NAN, |number| number as f64);
    match text.get(..2) {
        Some("0x") => return radix(&text[2..], 16),
        Some("0o") => return radix(&text[2..], 8),
        _ => {}
    }
    match text {
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

/// Loose equality: values of the same type directly, others as numbers.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => same_text(left, right),
        // Lists and objects equal only themselves, and an expression cannot refer to the same one twice.
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (left, right) => {
            let (left, right) = (coerce_number(left), coerce_number(right));
            !left.is_nan() && !right.is_nan() && left == right
        }
    }
}

/// Strings are compared without case.
pub(crate) fn same_text(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        return left.eq_ignore_ascii_case(right);
    }
    left.to_uppercase() == right.to_uppercase()
}

/// Whether a string starts with another, without case.
pub(crate) fn starts_with_text(text: &str, prefix: &str) -> bool {
    if text.is_ascii() && prefix.is_ascii() {
        return text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    }
    text.to_uppercase().starts_with(&prefix.to_uppercase())
}
