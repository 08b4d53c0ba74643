//! GitHub's expressions, evaluated to a value or to unknown with a reason. A [`Scope`] supplies the contexts.
//!
//! The semantics are those of GitHub's expression reference: loose equality through numbers, strings compared without
//! case, `&&` and `||` return an operand, a missing property is null.

mod evaluate;
mod function;
mod property_path;
mod value;

use std::borrow::Cow;
use std::ops::Range;

use github_actions_expressions::{Expr, SpannedExpr};

use crate::workflow::expression::property_path::PropertyPath;

pub use value::{Outcome, StringTest, Truth, UnknownReason, Value, coerce_text};

/// GitHub's maximum length of an expression, in bytes.
const MAX_LENGTH: usize = 21_000;

/// The functions that test the status of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusFunction {
    /// `success()`
    Success,
    /// `failure()`
    Failure,
    /// `always()`
    Always,
    /// `cancelled()`
    Cancelled,
}

/// The contexts and the status that an expression reads.
pub trait Scope {
    /// The value at a path such as `["github", "event_name"]`; null for a property that does not exist.
    fn lookup(&self, path: &[&str]) -> Outcome;

    /// The value of a status function.
    fn status(&self, function: StatusFunction) -> Truth;
}

/// A context property that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextReference<'t> {
    /// Names up to the first computed index or `*`.
    pub path: Vec<Cow<'t, str>>,
    /// Bytes of the text that was parsed.
    pub range: Range<usize>,
}

/// A syntax error in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Without a final period.
    pub message: String,
    /// Bytes of the text that was parsed.
    pub range: Range<usize>,
}

/// A parsed expression.
#[derive(Debug)]
enum Expression<'t> {
    Path(PropertyPath<'t>),
    /// Any other expression, parsed by the library.
    Other(SpannedExpr<'t>),
}

impl<'t> Expression<'t> {
    fn parse(text: &'t str) -> Result<Self, ParseError> {
        let error = |message: String| ParseError { message, range: 0..text.len() };
        if text.len() > MAX_LENGTH {
            return Err(error("an expression longer than GitHub allows".into()));
        }
        if let Some(path) = PropertyPath::parse(text) {
            return Ok(Self::Path(path));
        }
        let parsed = Expr::parse(text).map_err(|cause| error(format!("invalid expression: {cause}")))?;
        Ok(Self::Other(parsed))
    }

    fn evaluate(&self, scope: &dyn Scope) -> Outcome {
        match self {
            Self::Path(path) => path.evaluate(scope),
            Self::Other(expression) => evaluate::evaluate(expression, scope, 0),
        }
    }

    /// Collects the context properties that it reads.
    fn references(&self, found: &mut Vec<ContextReference<'t>>) {
        match self {
            Self::Path(path) => found.push(path.reference()),
            Self::Other(expression) => evaluate::references(expression, found),
        }
    }

    /// Collects the tests of context properties against string literals.
    fn string_tests(&self, found: &mut Vec<(Vec<String>, StringTest)>) {
        if let Self::Other(expression) = self {
            evaluate::string_tests(expression, found);
        }
    }

    fn calls_status(&self) -> bool {
        matches!(self, Self::Other(expression) if evaluate::calls_status(expression))
    }
}

/// A text with `${{ … }}` placeholders.
#[derive(Debug)]
pub struct ExpressionTemplate<'t> {
    text: &'t str,
    placeholders: Vec<Placeholder<'t>>,
}

/// An expression in a text.
#[derive(Debug)]
struct Placeholder<'t> {
    /// Its bytes without the braces.
    range: Range<usize>,
    expression: Expression<'t>,
}

impl<'t> Placeholder<'t> {
    /// Collects the context properties that it reads.
    fn references(&self, found: &mut Vec<ContextReference<'t>>) {
        let known = found.len();
        self.expression.references(found);
        for reference in found.iter_mut().skip(known) {
            reference.range = reference.range.start + self.range.start..reference.range.end + self.range.start;
        }
    }
}

impl<'t> ExpressionTemplate<'t> {
    /// Parses the placeholders of a text. All ranges are bytes of `text`.
    ///
    /// # Errors
    /// If a placeholder is not closed or does not parse.
    pub fn parse(text: &'t str) -> Result<Self, ParseError> {
        let mut placeholders = Vec::new();
        let mut at = 0;
        while let Some(open) = find_placeholder(&text[at..]) {
            let start = at + open + 3;
            let Some(length) = expression_length(&text[start..]) else {
                return Err(ParseError { message: "an unclosed expression".into(), range: at + open..text.len() });
            };
            let range = start..start + length;
            let expression = Expression::parse(&text[range.clone()])
                .map_err(|error| ParseError { range: range.clone(), ..error })?;
            at = range.end + 2;
            placeholders.push(Placeholder { range, expression });
        }
        Ok(Self { text, placeholders })
    }

    /// Whether it has no placeholders.
    #[must_use]
    pub const fn is_literal(&self) -> bool {
        self.placeholders.is_empty()
    }

    /// Its value. A single placeholder without other text keeps its type; otherwise the value is a string.
    #[must_use]
    pub fn evaluate(&self, scope: &dyn Scope) -> Outcome {
        if let [placeholder] = self.placeholders.as_slice()
            && is_only_part(self.text, placeholder)
        {
            return placeholder.expression.evaluate(scope);
        }
        let mut text = String::new();
        let mut at = 0;
        for placeholder in &self.placeholders {
            text.push_str(&self.text[at..placeholder.range.start - 3]);
            match placeholder.expression.evaluate(scope) {
                Outcome::Known(value) => text.push_str(&coerce_text(&value)),
                Outcome::Unknown(reason) => {
                    text.push_str(reason.prefix().unwrap_or_default());
                    return Outcome::Unknown(reason.with_prefix(text));
                }
            }
            at = placeholder.range.end + 2;
        }
        text.push_str(&self.text[at..]);
        Outcome::Known(Value::Text(text))
    }

    /// The context properties that it reads.
    #[must_use]
    pub fn references(&self) -> Vec<ContextReference<'t>> {
        let mut found = Vec::with_capacity(self.placeholders.len());
        self.placeholders.iter().for_each(|placeholder| placeholder.references(&mut found));
        found
    }
}

/// The tests of context properties against string literals in a text, which is a condition or has placeholders.
#[must_use]
pub fn string_tests(text: &str) -> Vec<(Vec<String>, StringTest)> {
    let mut found = Vec::new();
    if find_placeholder(text).is_some() {
        let template = ExpressionTemplate::parse(text);
        let placeholders = template.iter().flat_map(|template| &template.placeholders);
        placeholders.for_each(|placeholder| placeholder.expression.string_tests(&mut found));
    } else if let Ok(expression) = Expression::parse(text) {
        expression.string_tests(&mut found);
    }
    found
}

/// Whether the text is a single placeholder, apart from blanks.
fn is_only_part(text: &str, placeholder: &Placeholder<'_>) -> bool {
    text[..placeholder.range.start - 3].trim().is_empty() && text[placeholder.range.end + 2..].trim().is_empty()
}

/// Whether a line break surrounds a placeholder, as the last one of a block scalar (`if: |`) does. GitHub then takes
/// the text for a string, which is true.
fn has_line_break(text: &str, placeholder: &Placeholder<'_>) -> bool {
    text[..placeholder.range.start - 3].contains('\n') || text[placeholder.range.end + 2..].contains('\n')
}

/// The position of the first `${{`. Most texts have none, and a single byte is the cheapest search.
fn find_placeholder(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'$', text.as_bytes()).find(|at| text[*at..].starts_with("${{"))
}

/// The length of the expression up to `}}`; braces in quotes do not count.
fn expression_length(text: &str) -> Option<usize> {
    let mut quoted = false;
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'\'', b'}', bytes).find(|at| {
        quoted ^= bytes[*at] == b'\'';
        !quoted && bytes[*at] == b'}' && bytes.get(*at + 1) == Some(&b'}')
    })
}

/// An `if:` value, with or without `${{ }}`.
#[derive(Debug)]
pub struct Condition<'t> {
    form: ConditionForm<'t>,
}

#[derive(Debug)]
enum ConditionForm<'t> {
    /// Empty: `success()`.
    Empty,
    /// One expression.
    Expression(Placeholder<'t>),
    /// A placeholder with text around it: a non-empty string, which is true.
    Mixed(ExpressionTemplate<'t>),
}

impl<'t> Condition<'t> {
    /// Parses a condition. All ranges are bytes of `text`.
    ///
    /// # Errors
    /// If it does not parse.
    pub fn parse(text: &'t str) -> Result<Self, ParseError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(Self { form: ConditionForm::Empty });
        }
        if find_placeholder(text).is_some() {
            let mut template = ExpressionTemplate::parse(text)?;
            let single = template
                .placeholders
                .pop_if(|placeholder| is_only_part(text, placeholder) && !has_line_break(text, placeholder));
            return Ok(Self { form: single.map_or(ConditionForm::Mixed(template), ConditionForm::Expression) });
        }
        Ok(Self {
            form: ConditionForm::Expression(Placeholder { range: 0..text.len(), expression: Expression::parse(text)? }),
        })
    }

    /// Its value. GitHub adds `success() &&` to a condition without a status function.
    #[must_use]
    pub fn evaluate(&self, scope: &dyn Scope) -> Truth {
        let own = match &self.form {
            ConditionForm::Empty => Truth::Yes,
            ConditionForm::Expression(placeholder) => placeholder.expression.evaluate(scope).truth(),
            ConditionForm::Mixed(_) => Truth::Yes,
        };
        let success = scope.status(StatusFunction::Success);
        // The search for a status function is the longest part, and few jobs wait for one that may not succeed.
        if success == Truth::Yes || self.has_status_function() { own } else { own.and(success) }
    }

    /// The context properties that it reads.
    #[must_use]
    pub fn references(&self) -> Vec<ContextReference<'t>> {
        let mut found = Vec::new();
        match &self.form {
            ConditionForm::Empty => {}
            ConditionForm::Expression(placeholder) => placeholder.references(&mut found),
            ConditionForm::Mixed(template) => return template.references(),
        }
        found
    }

    /// Whether it is text with a placeholder, which is a non-empty string and thus always true.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self.form, ConditionForm::Mixed(_))
    }

    /// Whether it calls `success`, `failure`, `always` or `cancelled`.
    #[must_use]
    pub fn has_status_function(&self) -> bool {
        let calls = |placeholder: &Placeholder<'_>| placeholder.expression.calls_status();
        match &self.form {
            ConditionForm::Empty => false,
            ConditionForm::Expression(placeholder) => calls(placeholder),
            ConditionForm::Mixed(template) => template.placeholders.iter().any(calls),
        }
    }
}

#[cfg(test)]
mod tests;
