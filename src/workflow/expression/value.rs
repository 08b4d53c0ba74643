//! Values of expressions and what is known of them. It holds GitHub's coercions and nothing of any context.

use std::sync::Arc;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    Array(Vec<Outcome>),
    /// Named values; names are looked up without case.
    Object(Vec<(String, Outcome)>),
}

/// A value, or why it is not known.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Known.
    Known(Value),
    /// Not known.
    Unknown(UnknownReason),
}

/// Why something is not known: a short noun phrase. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownReason {
    what: Arc<str>,
    /// How the text begins, where that much is known.
    beginning: Option<Arc<str>>,
}

impl UnknownReason {
    /// A reason such as "the output of step `build`".
    #[must_use]
    pub fn new(what: impl Into<Arc<str>>) -> Self {
        Self { what: what.into(), beginning: None }
    }

    /// How the unknown text begins, if that much is known.
    #[must_use]
    pub fn beginning(&self) -> Option<&str> {
        self.beginning.as_deref()
    }

    /// The reason for what is derived from the text and does not begin like it.
    #[must_use]
    pub(crate) fn derived(&self) -> Self {
        Self { what: self.what.clone(), beginning: None }
    }

    pub(crate) fn with_beginning(self, beginning: String) -> Self {
        Self { beginning: (!beginning.is_empty()).then(|| beginning.into()), ..self }
    }
}

impl std::fmt::Display for UnknownReason {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.what)
    }
}

impl Outcome {
    /// Not known, for a reason.
    #[must_use]
    pub fn unknown(what: impl Into<Arc<str>>) -> Self {
        Self::Unknown(UnknownReason::new(what))
    }

    /// A text of which only the beginning is known.
    #[must_use]
    pub fn starting_with(beginning: &str, what: &str) -> Self {
        Self::Unknown(UnknownReason { what: what.into(), beginning: Some(beginning.into()) })
    }

    /// A known text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Known(Value::Text(text.into()))
    }

    /// What stands at a path of names below it; a name that is not there gives null.
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

    /// Whether it counts as true.
    #[must_use]
    pub fn truth(&self) -> Truth {
        match self {
            Self::Known(value) => Truth::from(truthy(value)),
            // A text that begins with something is not empty.
            Self::Unknown(reason) if reason.beginning.is_some() => Truth::Yes,
            Self::Unknown(reason) => Truth::Unknown(reason.clone()),
        }
    }
}

/// Yes, no, or not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
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
    /// Both hold. One that does not decides, whatever the other is.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown(reason), _) | (_, Self::Unknown(reason)) => Self::Unknown(reason),
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// It does not hold.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    /// As a value.
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

/// The text form of a value, as `format` and `join` use it.
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
        // GitHub prints fifteen significant digits.
        format!("{number:.14e}").parse::<f64>().unwrap_or(number).to_string()
    }
}

/// The number that a value is compared as.
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

/// Whether two known values are equal: the same type as it stands, else as numbers.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => same_text(left, right),
        // Lists and objects are equal only to themselves, which an expression cannot name twice.
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (left, right) => {
            let (left, right) = (coerce_number(left), coerce_number(right));
            !left.is_nan() && !right.is_nan() && left == right
        }
    }
}

/// Texts are compared without case.
pub(crate) fn same_text(left: &str, right: &str) -> bool {
    left.to_uppercase() == right.to_uppercase()
}
