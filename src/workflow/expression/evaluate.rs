//! Evaluates a parsed expression. An unknown operand makes the result unknown only if the result depends on it.

use std::borrow::Cow;
use std::cmp::Ordering;

use github_actions_expressions::context::Context;
use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::BinOp;
use github_actions_expressions::{Expr, SpannedExpr, call::Function};

use crate::workflow::expression::function;
use crate::workflow::expression::value::{
    Outcome, StringTest, Truth, UnknownReason, Value, coerce_number, equal, same_text,
};
use crate::workflow::expression::{ContextReference, Scope, StatusFunction};

/// The maximum depth. The parser limits parentheses, but not chains of comparisons.
const MAX_DEPTH: usize = 200;

pub(super) fn evaluate(expression: &SpannedExpr<'_>, scope: &dyn Scope, depth: usize) -> Outcome {
    if depth > MAX_DEPTH {
        return Outcome::unknown("an expression nested too deeply");
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

/// A chain of one logical operator. The parser nests it to the left, as deep as the chain is long, so it is evaluated
/// in a loop.
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
    let mut unknown = None;
    let mut last = Outcome::Known(Value::Null);
    for operand in operands.into_iter().rev() {
        last = evaluate(operand, scope, depth + 1);
        match last.truth() {
            // The first decisive operand is the value, unless an earlier unknown operand might be decisive.
            Truth::No if and => return unknown.map_or(last, |_| Outcome::Known(Value::Bool(false))),
            Truth::Yes if !and => {
                return match unknown {
                    // The result is true, but which operand it is remains unknown.
                    Some(reason) => truthy_unknown(reason, &last),
                    None => last,
                };
            }
            Truth::Unknown(reason) => {
                unknown.get_or_insert(reason);
            }
            Truth::Yes | Truth::No => {}
        }
    }
    unknown.map_or(last, Outcome::Unknown)
}

/// `unknown || true` is true; `unknown || 'text'` is an unknown string.
fn truthy_unknown(reason: UnknownReason, last: &Outcome) -> Outcome {
    match last {
        Outcome::Known(Value::Bool(true)) => Outcome::Known(Value::Bool(true)),
        _ => Outcome::Unknown(reason.derived().truthy()),
    }
}

fn compare(op: &BinOp, left: &Outcome, right: &Outcome) -> Outcome {
    let (left, right) = match (left, right) {
        (Outcome::Known(left), Outcome::Known(right)) => (left, right),
        (Outcome::Unknown(reason), other) | (other, Outcome::Unknown(reason)) => {
            // Strings with different prefixes are different.
            let differs = match (reason.prefix(), other) {
                (_, Outcome::Known(Value::Text(text))) if reason.excludes(text, true) => true,
                (Some(prefix), Outcome::Known(Value::Text(text))) => {
                    !text.get(..prefix.len()).is_some_and(|start| same_text(start, prefix))
                }
                (Some(left), Outcome::Unknown(other)) => other.prefix().is_some_and(|right| {
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

/// Evaluates `github.event.inputs['x'].*`: looks up the longest path of known names, then applies the other parts to
/// the value.
fn read(context: &Context<'_>, scope: &dyn Scope, depth: usize) -> Outcome {
    let mut parts = context.parts.iter();
    let Some(first) = parts.next() else { return Outcome::unknown("an empty context") };
    let mut path: Vec<Cow<'_, str>> = Vec::with_capacity(context.parts.len());
    let mut value = match &first.inner {
        Expr::Identifier(name) => {
            path.push(lowercase(name.as_str()));
            None
        }
        _ => Some(evaluate(first, scope, depth + 1)),
    };
    // After `*`, the remaining parts apply to every item.
    let mut filtered = false;
    for part in parts {
        let key = match &part.inner {
            Expr::Identifier(name) if value.is_none() => {
                path.push(Cow::Borrowed(name.as_str()));
                continue;
            }
            Expr::Identifier(name) => Outcome::text(name.as_str()),
            Expr::Index(index) if !matches!(index.inner, Expr::Star) => evaluate(index, scope, depth + 1),
            _ => {
                let container = value.take().unwrap_or_else(|| lookup(scope, &path));
                value = Some(if filtered { flat_map_items(container, members) } else { members(container) });
                filtered = true;
                continue;
            }
        };
        match (&mut value, key) {
            (None, Outcome::Known(Value::Text(name))) => path.push(Cow::Owned(name)),
            (None, key) => value = Some(member(lookup(scope, &path), &key)),
            (Some(container), key) => {
                let own = std::mem::replace(container, Outcome::Known(Value::Null));
                *container = if filtered {
                    flat_map_items(own, |item| at_most_one(member(item, &key)))
                } else {
                    member(own, &key)
                };
            }
        }
    }
    value.unwrap_or_else(|| lookup(scope, &path))
}

/// A context's name, which is ASCII, as scopes expect it.
pub(super) fn lowercase(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

fn lookup(scope: &dyn Scope, path: &[Cow<'_, str>]) -> Outcome {
    let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    scope.lookup(&path)
}

/// A property or an item; null if it does not exist.
fn member(container: Outcome, key: &Outcome) -> Outcome {
    let key = match key {
        Outcome::Known(key) => key,
        Outcome::Unknown(reason) => return Outcome::Unknown(reason.clone()),
    };
    match (container, key) {
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

/// Applies `give` to every item of a list and joins the results.
fn flat_map_items(container: Outcome, give: impl Fn(Outcome) -> Outcome) -> Outcome {
    let Outcome::Known(Value::Array(items)) = container else { return container };
    let mut found = Vec::new();
    for item in items {
        match give(item) {
            Outcome::Known(Value::Array(value)) => found.extend(value),
            Outcome::Known(_) => {}
            unknown => found.push(unknown),
        }
    }
    Outcome::Known(Value::Array(found))
}

/// A list of one item, or an empty list for null.
fn at_most_one(value: Outcome) -> Outcome {
    match value {
        Outcome::Known(Value::Null) => Outcome::Known(Value::Array(Vec::new())),
        value => Outcome::Known(Value::Array(vec![value])),
    }
}

/// `.*`: all items of a list or all values of an object.
fn members(container: Outcome) -> Outcome {
    match container {
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

/// Whether any part of an expression calls a status function.
pub(super) fn calls_status(expression: &SpannedExpr<'_>) -> bool {
    let mut found = false;
    walk(expression, &mut |inner| {
        found |= matches!(&inner.inner, Expr::Call(call) if status_function(call.func).is_some());
    });
    found
}

/// Collects the context properties that an expression reads.
pub(super) fn references(expression: &SpannedExpr<'_>, found: &mut Vec<ContextReference<'_>>) {
    walk(expression, &mut |inner| {
        if let Expr::Context(context) = &inner.inner {
            let mut path = Vec::new();
            for part in &context.parts {
                match &part.inner {
                    Expr::Identifier(name) => path.push(Cow::Owned(name.as_str().to_owned())),
                    Expr::Index(index) => match &index.inner {
                        Expr::Literal(Literal::String(name)) => path.push(Cow::Owned(name.to_string())),
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

/// Collects the tests of context properties against string literals: `startsWith(github.ref, 'x')`, `github.ref == 'x'`.
pub(super) fn string_tests(expression: &SpannedExpr<'_>, found: &mut Vec<(Vec<String>, StringTest)>) {
    let mut add = |context: &SpannedExpr<'_>, literal: &SpannedExpr<'_>, exact: bool| {
        if let (Expr::Context(_), Expr::Literal(Literal::String(text))) = (&context.inner, &literal.inner) {
            let mut paths = Vec::new();
            references(context, &mut paths);
            let path = paths.into_iter().next().map(|reference| reference.path).unwrap_or_default();
            let path = path.into_iter().map(Cow::into_owned).collect();
            found.push((path, StringTest { literal: text.to_string(), exact }));
        }
    };
    walk(expression, &mut |inner| match &inner.inner {
        Expr::Call(call) if call.func == Function::StartsWith => {
            if let [text, prefix] = call.args.as_slice() {
                add(text, prefix, false);
            }
        }
        Expr::BinExpr(binary) if matches!(binary.op, BinOp::Eq | BinOp::Neq) => {
            add(&binary.lhs, &binary.rhs, true);
            add(&binary.rhs, &binary.lhs, true);
        }
        _ => {}
    });
}

/// Visits every part of an expression, without recursion.
fn walk<'e, 's>(expression: &'e SpannedExpr<'s>, visit: &mut dyn FnMut(&'e SpannedExpr<'s>)) {
    let mut pending = vec![expression];
    while let Some(part) = pending.pop() {
        visit(part);
        match &part.inner {
            Expr::Call(call) => pending.extend(&call.args),
            Expr::Index(inner) | Expr::UnExpr { expr: inner, .. } => pending.push(inner),
            Expr::Context(context) => pending.extend(&context.parts),
            Expr::BinExpr(binary) => pending.extend([&*binary.lhs, &*binary.rhs]),
            Expr::Literal(_) | Expr::Star | Expr::Identifier(_) => {}
        }
    }
}
