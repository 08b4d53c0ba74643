//! GitHub's expressions, evaluated with three answers: a value, or not known and why. It knows no context; a [`Scope`] does.
//!
//! Semantics are those of GitHub's reference for expressions: loose comparison through numbers, texts compared without case,
//! `&&` and `||` give an operand, a missing property is null.

mod evaluate;
mod function;
mod value;

use std::ops::Range;

use github_actions_expressions::{Expr, SpannedExpr};

pub use value::{Outcome, Truth, UnknownReason, Value, coerce_text};

/// The longest expression that GitHub takes, in bytes.
const LONGEST: usize = 21_000;

/// The functions that ask how the run went so far.
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

/// What an expression can see.
pub trait Scope {
    /// The value at a path such as `["github", "event_name"]`; a property that is known to be absent is a known null.
    fn lookup(&self, path: &[&str]) -> Outcome;

    /// What a status function answers.
    fn status(&self, function: StatusFunction) -> Truth;
}

/// A context that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextReference {
    /// Names up to the first computed index or `*`.
    pub path: Vec<String>,
    /// Bytes of the text that was parsed.
    pub range: Range<usize>,
}

/// Why an expression does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, without a final period.
    pub message: String,
    /// Bytes of the text that was parsed.
    pub range: Range<usize>,
}

fn parse(text: &str) -> Result<SpannedExpr<'_>, ParseError> {
    let refuse = |message: String| ParseError { message, range: 0..text.len() };
    if text.len() > LONGEST {
        return Err(refuse("an expression longer than GitHub takes".into()));
    }
    Expr::parse(text).map_err(|error| refuse(format!("an expression that does not parse: {error}")))
}

/// A text that may hold `${{ … }}`.
#[derive(Debug)]
pub struct ExpressionTemplate<'t> {
    text: &'t str,
    holes: Vec<Placeholder<'t>>,
}

/// An expression within a text, parsed once however often it is evaluated.
#[derive(Debug)]
struct Placeholder<'t> {
    /// Its bytes, without braces.
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
    /// Takes a text apart. All ranges are bytes of `text`.
    ///
    /// # Errors
    /// When an expression in it is not closed or does not parse.
    pub fn parse(text: &'t str) -> Result<Self, ParseError> {
        let mut holes = Vec::new();
        // Most texts hold none, and a byte alone is found quickest.
        if !text.as_bytes().contains(&b'$') {
            return Ok(Self { text, holes });
        }
        let mut at = 0;
        while let Some(open) = text[at..].find("${{") {
            let start = at + open + 3;
            let Some(length) = closing(&text[start..]) else {
                return Err(ParseError {
                    message: "an expression that is not closed".into(),
                    range: at + open..text.len(),
                });
            };
            let range = start..start + length;
            let expression =
                parse(&text[range.clone()]).map_err(|error| ParseError { range: range.clone(), ..error })?;
            at = range.end + 2;
            holes.push(Placeholder { range, expression });
        }
        Ok(Self { text, holes })
    }

    /// Whether it holds no expression.
    #[must_use]
    pub const fn is_literal(&self) -> bool {
        self.holes.is_empty()
    }

    /// Its value: a lone expression keeps its type, anything else is a text.
    #[must_use]
    pub fn evaluate(&self, scope: &dyn Scope) -> Outcome {
        if let [hole] = self.holes.as_slice()
            && is_alone(self.text, hole)
        {
            return evaluate::evaluate(&hole.expression, scope, 0);
        }
        let mut whole = String::new();
        let mut at = 0;
        for hole in &self.holes {
            whole.push_str(&self.text[at..hole.range.start - 3]);
            match evaluate::evaluate(&hole.expression, scope, 0) {
                Outcome::Known(value) => whole.push_str(&coerce_text(&value)),
                Outcome::Unknown(reason) => {
                    whole.push_str(reason.beginning().unwrap_or_default());
                    return Outcome::Unknown(reason.with_beginning(whole));
                }
            }
            at = hole.range.end + 2;
        }
        whole.push_str(&self.text[at..]);
        Outcome::Known(Value::Text(whole))
    }

    /// Every context that it reads.
    #[must_use]
    pub fn references(&self) -> Vec<ContextReference> {
        self.holes.iter().flat_map(Placeholder::references).collect()
    }
}

/// Whether nothing but blanks stands around an expression.
fn is_alone(text: &str, hole: &Placeholder<'_>) -> bool {
    text[..hole.range.start - 3].trim().is_empty() && text[hole.range.end + 2..].trim().is_empty()
}

/// The length of an expression up to its `}}`, which does not count within quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quoted = false;
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|at| {
        quoted ^= bytes[*at] == b'\'';
        !quoted && bytes[*at] == b'}' && bytes.get(*at + 1) == Some(&b'}')
    })
}

/// An `if:`, with or without `${{ }}`.
#[derive(Debug)]
pub struct Condition<'t> {
    form: ConditionForm<'t>,
}

#[derive(Debug)]
enum ConditionForm<'t> {
    /// No text: `success()`.
    Empty,
    /// One expression.
    Expression(Placeholder<'t>),
    /// Text around an expression, which GitHub reads as a text, and a text that is not empty is true.
    Mixed(ExpressionTemplate<'t>),
}

impl<'t> Condition<'t> {
    /// Reads a condition. All ranges are bytes of `text`.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn parse(text: &'t str) -> Result<Self, ParseError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(Self { form: ConditionForm::Empty });
        }
        if text.contains("${{") {
            let mut template = ExpressionTemplate::parse(text)?;
            let alone = template.holes.pop_if(|hole| is_alone(text, hole));
            return Ok(Self { form: alone.map_or(ConditionForm::Mixed(template), ConditionForm::Expression) });
        }
        Ok(Self { form: ConditionForm::Expression(Placeholder { range: 0..text.len(), expression: parse(text)? }) })
    }

    /// Whether it holds. Without a status function in it, `success()` must hold as well.
    #[must_use]
    pub fn evaluate(&self, scope: &dyn Scope) -> Truth {
        let own = match &self.form {
            ConditionForm::Empty => Truth::Yes,
            ConditionForm::Expression(hole) => evaluate::evaluate(&hole.expression, scope, 0).truth(),
            ConditionForm::Mixed(_) => Truth::Yes,
        };
        if self.has_status_function() { own } else { own.and(scope.status(StatusFunction::Success)) }
    }

    /// Every context that it reads.
    #[must_use]
    pub fn references(&self) -> Vec<ContextReference> {
        match &self.form {
            ConditionForm::Empty => Vec::new(),
            ConditionForm::Expression(hole) => hole.references(),
            ConditionForm::Mixed(template) => template.references(),
        }
    }

    /// Whether it calls `success`, `failure`, `always` or `cancelled`.
    #[must_use]
    pub fn has_status_function(&self) -> bool {
        let calls = |hole: &Placeholder<'_>| evaluate::calls_status(&hole.expression);
        match &self.form {
            ConditionForm::Empty => false,
            ConditionForm::Expression(hole) => calls(hole),
            ConditionForm::Mixed(template) => template.holes.iter().any(calls),
        }
    }
}

#[cfg(test)]
mod tests;
