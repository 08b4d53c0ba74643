//! GitHub's expressions, evaluated to a value or to unknown with a reason. A [`Scope`] supplies the contexts.
//!
//! The semantics are those of GitHub's expression reference: loose equality through numbers, strings compared without
//! case, `&&` and `||` return an operand, a missing property is null.

mod evaluate;
mod function;
mod value;

use std::ops::Range;

use github_actions_expressions::{Expr, SpannedExpr};

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
pub struct ContextReference {
    /// Names up to the first computed index or `*`.
    pub path: Vec<String>,
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

fn parse(text: &str) -> Result<SpannedExpr<'_>, ParseError> {
    let error = |message: String| ParseError { message, range: 0..text.len() };
    if text.len() > MAX_LENGTH {
        return Err(error("an expression longer than GitHub allows".into()));
    }
    Expr::parse(text).map_err(|cause| error(format!("invalid expression: {cause}")))
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
    expression: SpannedExpr<'t>,
}

impl Placeholder<'_> {
    fn references(&self) -> Vec<ContextReference> {
        let mut found = Vec::new();
        evaluate::references(&self.expression, &mut found);
        for reference in &mut found {
            reference.range = reference.range.start + self.range.start..reference.range.end + self.range.start;
        }
        found
    }
}

impl<'t> ExpressionTemplate<'t> {
    /// Parses the placeholders of a text. All ranges are bytes of `text`.
    ///
    /// # Errors
    /// If a placeholder is not closed or does not parse.
    pub fn parse(text: &'t str) -> Result<Self, ParseError> {
        let mut placeholders = Vec::new();
        // Fast path: most texts have no placeholder, and a single byte is the cheapest search.
        if !text.as_bytes().contains(&b'$') {
            return Ok(Self { text, placeholders });
        }
        let mut at = 0;
        while let Some(open) = text[at..].find("${{") {
            let start = at + open + 3;
            let Some(length) = expression_length(&text[start..]) else {
                return Err(ParseError { message: "an unclosed expression".into(), range: at + open..text.len() });
            };
            let range = start..start + length;
            let expression =
                parse(&text[range.clone()]).map_err(|error| ParseError { range: range.clone(), ..error })?;
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
            return evaluate::evaluate(&placeholder.expression, scope, 0);
        }
        let mut text = String::new();
        let mut at = 0;
        for placeholder in &self.placeholders {
            text.push_str(&self.text[at..placeholder.range.start - 3]);
            match evaluate::evaluate(&placeholder.expression, scope, 0) {
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
    pub fn references(&self) -> Vec<ContextReference> {
        self.placeholders.iter().flat_map(Placeholder::references).collect()
    }
}

/// The tests of context properties against string literals in a text, which is a condition or has placeholders.
#[must_use]
pub fn string_tests(text: &str) -> Vec<(Vec<String>, StringTest)> {
    let mut found = Vec::new();
    if text.contains("${{") {
        let template = ExpressionTemplate::parse(text);
        let placeholders = template.iter().flat_map(|template| &template.placeholders);
        placeholders.for_each(|placeholder| evaluate::string_tests(&placeholder.expression, &mut found));
    } else if let Ok(expression) = parse(text) {
        evaluate::string_tests(&expression, &mut found);
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

/// The length of the expression up to `}}`; braces in quotes do not count.
fn expression_length(text: &str) -> Option<usize> {
    let mut quoted = false;
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|at| {
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
        if text.contains("${{") {
            let mut template = ExpressionTemplate::parse(text)?;
            let single = template
                .placeholders
                .pop_if(|placeholder| is_only_part(text, placeholder) && !has_line_break(text, placeholder));
            return Ok(Self { form: single.map_or(ConditionForm::Mixed(template), ConditionForm::Expression) });
        }
        Ok(Self { form: ConditionForm::Expression(Placeholder { range: 0..text.len(), expression: parse(text)? }) })
    }

    /// Its value. GitHub adds `success() &&` to a condition without a status function.
    #[must_use]
    pub fn evaluate(&self, scope: &dyn Scope) -> Truth {
        let own = match &self.form {
            ConditionForm::Empty => Truth::Yes,
            ConditionForm::Expression(placeholder) => evaluate::evaluate(&placeholder.expression, scope, 0).truth(),
            ConditionForm::Mixed(_) => Truth::Yes,
        };
        if self.has_status_function() { own } else { own.and(scope.status(StatusFunction::Success)) }
    }

    /// The context properties that it reads.
    #[must_use]
    pub fn references(&self) -> Vec<ContextReference> {
        match &self.form {
            ConditionForm::Empty => Vec::new(),
            ConditionForm::Expression(placeholder) => placeholder.references(),
            ConditionForm::Mixed(template) => template.references(),
        }
    }

    /// Whether it is text with a placeholder, which is a non-empty string and thus always true.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self.form, ConditionForm::Mixed(_))
    }

    /// Whether it calls `success`, `failure`, `always` or `cancelled`.
    #[must_use]
    pub fn has_status_function(&self) -> bool {
        let calls = |placeholder: &Placeholder<'_>| evaluate::calls_status(&placeholder.expression);
        match &self.form {
            ConditionForm::Empty => false,
            ConditionForm::Expression(placeholder) => calls(placeholder),
            ConditionForm::Mixed(template) => template.placeholders.iter().any(calls),
        }
    }
}

#[cfg(test)]
mod tests;
