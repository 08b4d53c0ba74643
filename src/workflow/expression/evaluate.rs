//! Walks a parsed expression. What is not known spreads only where it decides.

use std::cmp::Ordering;

use github_actions_expressions::context::Context;
use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::BinOp;
use github_actions_expressions::{Expr, SpannedExpr, call::Function};

use crate::workflow::expression::function;
use crate::workflow::expression::value::{Outcome, Truth, Value, coerce_number, equal, same_text};
use crate::workflow::expression::{ContextReference, Scope, StatusFunction};

/// How deep an expression is followed; the parser's own bound is lower for parentheses, not for chains of comparisons.
const DEEPEST: usize = 200;

/// The value of an expression.
pub fn evaluate(expression: &SpannedExpr<'_>, scope: &dyn Scope, depth: usize) -> Outcome {
    if depth > DEEPEST {
        return Outcome::unknown("a very deep expression");
    }
    let deeper = |inner: &SpannedExpr<'_>| evaluate(inner, scope, depth + 1);
    match &expression.inner {
        Expr::Literal(literal) => Outcome::Known(match literal {
            Literal::Number(number) => Value::Number(*number),
            Literal::String(text) => Value::Text(text.to_string()),
            Literal::Boolean(flag) => Value::Bool(*flag),
            Literal::Null => Value::Null,
        }),
        Expr::Star | Expr::Identifier(_) | Expr::Index(_) => Outcome::unknown("a part of an expression"),
        Expr::Context(context) => read(context, scope, depth),
        Expr::Call(call) => match status_function(call.func) {
            Some(function) => scope.status(function).outcome(),
            None => function::call(call.func, &call.args, deeper),
        },
        Expr::UnExpr { expr, .. } => deeper(expr).truth().negated().outcome(),
        Expr::BinExpr(binary) => match binary.op {
            BinOp::And | BinOp::Or => chain(expression, scope, depth),
            ref op => compare(op, &deeper(&binary.lhs), &deeper(&binary.rhs)),
        },
    }
}

/// A chain of the same logical operator, which the parser nests to the left as deep as it is long.
fn chain(expression: &SpannedExpr<'_>, scope: &dyn Scope, depth: usize) -> Outcome {
    let Expr::BinExpr(top) = &expression.inner else { return Outcome::unknown("a part of an expression") };
    let and = top.op == BinOp::And;
    let mut operands = vec![&*top.rhs];
    let mut left = &*top.lhs;
    while let Expr::BinExpr(inner) = &left.inner
        && inner.op == top.op
    {
        operands.push(&inner.rhs);
        left = &inner.lhs;
    }
    operands.push(left);
    let mut open = None;
    let mut last = Outcome::Known(Value::Null);
    for operand in operands.into_iter().rev() {
        last = evaluate(operand, scope, depth + 1);
        match last.truth() {
            // The first operand that decides is the value, unless an open one before it might have been.
            Truth::No if and => return open.map_or(last, |_| Outcome::Known(Value::Bool(false))),
            Truth::Yes if !and => {
                return match open {
                    // Some operand is true; which one is not known, but nothing false can come of it.
                    Some(reason) => truthy_unknown(reason, &last),
                    None => last,
                };
            }
            Truth::Unknown(reason) => {
                open.get_or_insert(reason);
            }
            Truth::Yes | Truth::No => {}
        }
    }
    open.map_or(last, Outcome::Unknown)
}

/// `unknown || true` is true; `unknown || 'text'` is some text.
fn truthy_unknown(reason: crate::workflow::expression::value::UnknownReason, last: &Outcome) -> Outcome {
    match last {
        Outcome::Known(Value::Bool(true)) => Outcome::Known(Value::Bool(true)),
        _ => Outcome::Unknown(reason),
    }
}

fn compare(op: &BinOp, left: &Outcome, right: &Outcome) -> Outcome {
    let (left, right) = match (left, right) {
        (Outcome::Known(left), Outcome::Known(right)) => (left, right),
        (Outcome::Unknown(reason), other) | (other, Outcome::Unknown(reason)) => {
            // A text that begins otherwise is another text.
            let differs = match (reason.beginning(), other) {
                (Some(beginning), Outcome::Known(Value::Text(text))) => {
                    !text.get(..beginning.len()).is_some_and(|start| same_text(start, beginning))
                }
                (Some(left), Outcome::Unknown(other)) => other.beginning().is_some_and(|right| {
                    let shared = left.len().min(right.len());
                    !left.get(..shared).zip(right.get(..shared)).is_some_and(|(left, right)| same_text(left, right))
                }),
                _ => false,
            };
            return match op {
                BinOp::Eq if differs => Outcome::Known(Value::Bool(false)),
                BinOp::Neq if differs => Outcome::Known(Value::Bool(true)),
                _ => Outcome::Unknown(reason.derived()),
            };
        }
    };
    let order = || match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.to_uppercase().cmp(&right.to_uppercase())),
        _ => coerce_number(left).partial_cmp(&coerce_number(right)),
    };
    let holds = match op {
        BinOp::Eq => equal(left, right),
        BinOp::Neq => !equal(left, right),
        BinOp::Gt => order() == Some(Ordering::Greater),
        BinOp::Ge => order().is_some_and(Ordering::is_ge),
        BinOp::Lt => order() == Some(Ordering::Less),
        BinOp::Le => order().is_some_and(Ordering::is_le),
        BinOp::And | BinOp::Or => return Outcome::unknown("a part of an expression"),
    };
    Outcome::Known(Value::Bool(holds))
}

/// `github.event.inputs['x'].*`: names as long as they are known, then what is left on the value.
fn read(context: &Context<'_>, scope: &dyn Scope, depth: usize) -> Outcome {
    let mut parts = context.parts.iter();
    let Some(first) = parts.next() else { return Outcome::unknown("an empty context") };
    let mut path: Vec<String> = Vec::new();
    let mut value = match &first.inner {
        Expr::Identifier(name) => {
            path.push(name.as_str().to_lowercase());
            None
        }
        _ => Some(evaluate(first, scope, depth + 1)),
    };
    // Behind a `*`, what follows is asked of every item.
    let mut filtered = false;
    for part in parts {
        let key = match &part.inner {
            Expr::Identifier(name) => Outcome::text(name.as_str()),
            Expr::Index(index) if !matches!(index.inner, Expr::Star) => evaluate(index, scope, depth + 1),
            _ => {
                let whole = value.take().unwrap_or_else(|| look(scope, &path));
                value = Some(if filtered { each(whole, members) } else { members(whole) });
                filtered = true;
                continue;
            }
        };
        match (&mut value, key) {
            (None, Outcome::Known(Value::Text(name))) => path.push(name),
            (None, key) => value = Some(member(look(scope, &path), &key)),
            (Some(whole), key) => {
                let own = std::mem::replace(whole, Outcome::Known(Value::Null));
                *whole = if filtered { each(own, |item| one(member(item, &key))) } else { member(own, &key) };
            }
        }
    }
    value.unwrap_or_else(|| look(scope, &path))
}

fn look(scope: &dyn Scope, path: &[String]) -> Outcome {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    scope.lookup(&path)
}

/// A property or an item; what is not there is null.
fn member(whole: Outcome, key: &Outcome) -> Outcome {
    let key = match key {
        Outcome::Known(key) => key,
        Outcome::Unknown(reason) => return Outcome::Unknown(reason.clone()),
    };
    match (whole, key) {
        (Outcome::Known(Value::Object(entries)), Value::Text(name)) => entries
            .into_iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map_or(Outcome::Known(Value::Null), |(_, value)| value),
        (Outcome::Known(Value::Array(items)), Value::Number(number)) if *number >= 0.0 => {
            items.into_iter().nth(*number as usize).unwrap_or(Outcome::Known(Value::Null))
        }
        (unknown @ Outcome::Unknown(_), _) => unknown,
        _ => Outcome::Known(Value::Null),
    }
}

/// What every item of a filtered list gives, in one list.
fn each(whole: Outcome, give: impl Fn(Outcome) -> Outcome) -> Outcome {
    let Outcome::Known(Value::Array(items)) = whole else { return whole };
    let mut found = Vec::new();
    for item in items {
        match give(item) {
            Outcome::Known(Value::Array(given)) => found.extend(given),
            Outcome::Known(_) => {}
            unknown => found.push(unknown),
        }
    }
    Outcome::Known(Value::Array(found))
}

/// What an item gives, as a list of one, or of none where it has nothing there.
fn one(given: Outcome) -> Outcome {
    match given {
        Outcome::Known(Value::Null) => Outcome::Known(Value::Array(Vec::new())),
        given => Outcome::Known(Value::Array(vec![given])),
    }
}

/// `.*`: all items or all values.
fn members(whole: Outcome) -> Outcome {
    match whole {
        Outcome::Known(Value::Object(entries)) => {
            Outcome::Known(Value::Array(entries.into_iter().map(|(_, value)| value).collect()))
        }
        Outcome::Known(Value::Array(items)) => Outcome::Known(Value::Array(items)),
        Outcome::Known(_) => Outcome::Known(Value::Array(Vec::new())),
        unknown => unknown,
    }
}

const fn status_function(function: Function) -> Option<StatusFunction> {
    match function {
        Function::Success => Some(StatusFunction::Success),
        Function::Failure => Some(StatusFunction::Failure),
        Function::Always => Some(StatusFunction::Always),
        Function::Cancelled => Some(StatusFunction::Cancelled),
        _ => None,
    }
}

/// Whether an expression calls a status function anywhere.
pub fn calls_status(expression: &SpannedExpr<'_>) -> bool {
    let mut found = false;
    walk(expression, &mut |inner| {
        found |= matches!(&inner.inner, Expr::Call(call) if status_function(call.func).is_some());
    });
    found
}

/// The contexts that an expression reads.
pub fn references(expression: &SpannedExpr<'_>, found: &mut Vec<ContextReference>) {
    walk(expression, &mut |inner| {
        if let Expr::Context(context) = &inner.inner {
            let mut path = Vec::new();
            for part in &context.parts {
                match &part.inner {
                    Expr::Identifier(name) => path.push(name.as_str().to_owned()),
                    Expr::Index(index) => match &index.inner {
                        Expr::Literal(Literal::String(name)) => path.push(name.to_string()),
                        _ => break,
                    },
                    _ => break,
                }
            }
            if !path.is_empty() {
                found.push(ContextReference { path, range: inner.origin.span.start..inner.origin.span.end });
            }
        }
    });
}

/// Visits every part of an expression, without recursion.
fn walk<'e, 's>(expression: &'e SpannedExpr<'s>, upload_run: &mut dyn FnMut(&'e SpannedExpr<'s>)) {
    let mut open = vec![expression];
    while let Some(part) = open.pop() {
        upload_run(part);
        match &part.inner {
            Expr::Call(call) => open.extend(&call.args),
            Expr::Index(inner) | Expr::UnExpr { expr: inner, .. } => open.push(inner),
            Expr::Context(context) => open.extend(&context.parts),
            Expr::BinExpr(binary) => open.extend([&*binary.lhs, &*binary.rhs]),
            Expr::Literal(_) | Expr::Star | Expr::Identifier(_) => {}
        }
    }
}
