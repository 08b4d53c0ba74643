//! GitHub's functions, except the status functions, which a scope evaluates.

use github_actions_expressions::SpannedExpr;
use github_actions_expressions::call::Function;

use crate::workflow::expression::value::{
    Outcome, Truth, UnknownReason, Value, coerce_text, equal, same_text, starts_with_text,
};

/// The prefix of every full ref.
const FULL_REF: &str = "refs/";

/// Calls a function; `evaluate` evaluates an argument.
pub(super) fn call<'s>(
    function: Function,
    args: &[SpannedExpr<'s>],
    evaluate: impl Fn(&SpannedExpr<'s>) -> Outcome,
) -> Outcome {
    let values: Vec<Outcome> = args.iter().map(evaluate).collect();
    match (function, values.as_slice()) {
        (Function::Contains, [container, part]) => contains(container, part),
        (Function::StartsWith, [text, part]) => starts_with(text, part),
        (Function::EndsWith, [text, part]) => {
            both(text, part, |text, part| text.to_uppercase().ends_with(&part.to_uppercase()))
        }
        (Function::Format, [format, rest @ ..]) => known(format, |format| fill(&coerce_text(format), rest)),
        (Function::Join, [list, rest @ ..]) => join(list, rest.first()),
        (Function::ToJSON, [value]) => known(value, |value| match to_json(value, 0) {
            Ok(json) => serde_json::to_string_pretty(&json)
                .map_or_else(|_| Outcome::unknown("a call of `toJSON`"), Outcome::text),
            Err(reason) => Outcome::Unknown(reason),
        }),
        (Function::FromJSON, [text]) => known(text, |text| match serde_json::from_str(&coerce_text(text)) {
            Ok(json) => Outcome::Known(from_json(json)),
            Err(_) => Outcome::unknown("a string that is not JSON"),
        }),
        (Function::Case, values) => case(values),
        _ => Outcome::unknown("a call of `hashFiles`"),
    }
}

fn known(outcome: &Outcome, then: impl FnOnce(&Value) -> Outcome) -> Outcome {
    match outcome {
        Outcome::Known(value) => then(value),
        Outcome::Unknown(reason) => Outcome::Unknown(reason.derived()),
    }
}

fn both(left: &Outcome, right: &Outcome, test: impl FnOnce(&str, &str) -> bool) -> Outcome {
    known(left, |left| known(right, |right| Outcome::Known(Value::Bool(test(&coerce_text(left), &coerce_text(right))))))
}

/// A known prefix can decide the result.
fn starts_with(text: &Outcome, part: &Outcome) -> Outcome {
    if let (Outcome::Unknown(reason), Outcome::Known(part)) = (text, part) {
        let part = coerce_text(part);
        if reason.excludes(&part, false) {
            return Outcome::Known(Value::Bool(false));
        }
        if let Some(prefix) = reason.prefix() {
            if starts_with_text(prefix, &part) {
                return Outcome::Known(Value::Bool(true));
            }
            if !starts_with_text(&part, prefix) {
                return Outcome::Known(Value::Bool(false));
            }
        }
    }
    both(text, part, starts_with_text)
}

fn contains(container: &Outcome, part: &Outcome) -> Outcome {
    if let (Outcome::Unknown(reason), Outcome::Known(text)) = (container, part)
        && let Some(prefix) = reason.prefix()
    {
        if prefix.to_uppercase().contains(&coerce_text(text).to_uppercase()) {
            return Outcome::Known(Value::Bool(true));
        }
        // `contains(github.ref, 'refs/tags/')` tests the prefix, since `refs/` occurs only at the start of a full ref.
        if coerce_text(text).starts_with(FULL_REF) {
            return starts_with(container, part);
        }
    }
    known(container, |container| match container {
        Value::Array(items) => {
            let mut found = Truth::No;
            for item in items {
                match (item, part) {
                    (Outcome::Known(item), Outcome::Known(part)) if equal(item, part) => {
                        return Outcome::Known(Value::Bool(true));
                    }
                    (Outcome::Known(_), Outcome::Known(_)) => {}
                    (Outcome::Unknown(reason), _) | (_, Outcome::Unknown(reason)) => {
                        found = Truth::Unknown(reason.derived())
                    }
                }
            }
            found.outcome()
        }
        text => both(&Outcome::Known(text.clone()), part, |text, part| {
            part.is_empty() || same_text(text, part) || text.to_uppercase().contains(&part.to_uppercase())
        }),
    })
}

/// `{0}` is an argument; `{{` and `}}` are braces.
fn fill(format: &str, args: &[Outcome]) -> Outcome {
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            text.push_str(&rest[..1]);
            rest = &rest[2..];
            continue;
        }
        let Some((number, after)) = rest[1..].split_once('}') else {
            return Outcome::unknown("an invalid format string");
        };
        match number.trim().parse::<usize>().ok().and_then(|index| args.get(index)) {
            Some(Outcome::Known(value)) => text.push_str(&coerce_text(value)),
            Some(Outcome::Unknown(reason)) => {
                text.push_str(reason.prefix().unwrap_or_default());
                return Outcome::Unknown(reason.clone().with_prefix(text));
            }
            None => return Outcome::unknown("an invalid format string"),
        }
        rest = after;
    }
    text.push_str(rest);
    Outcome::text(text)
}

fn join(list: &Outcome, separator: Option<&Outcome>) -> Outcome {
    let separator = match separator {
        None => ",".to_owned(),
        Some(Outcome::Known(value)) => coerce_text(value),
        Some(Outcome::Unknown(reason)) => return Outcome::Unknown(reason.clone()),
    };
    known(list, |list| {
        let Value::Array(items) = list else { return Outcome::text(coerce_text(list)) };
        let mut texts = Vec::new();
        for item in items {
            match item {
                Outcome::Known(value) => texts.push(coerce_text(value)),
                Outcome::Unknown(reason) => return Outcome::Unknown(reason.clone()),
            }
        }
        Outcome::text(texts.join(&separator))
    })
}

/// `case(test, value, …, otherwise)`: the value of the first true test.
fn case(values: &[Outcome]) -> Outcome {
    let mut rest = values;
    while let [test, value, after @ ..] = rest {
        match test.truth() {
            Truth::Yes => return value.clone(),
            Truth::No => rest = after,
            Truth::Unknown(reason) => return Outcome::Unknown(reason),
        }
    }
    rest.first().cloned().unwrap_or(Outcome::Known(Value::Null))
}

fn from_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| Outcome::Known(from_json(item))).collect())
        }
        serde_json::Value::Object(map) => {
            Value::Object(map.into_iter().map(|(name, value)| (name, Outcome::Known(from_json(value)))).collect())
        }
    }
}

fn to_json(value: &Value, depth: usize) -> Result<serde_json::Value, UnknownReason> {
    if depth > 100 {
        return Err(UnknownReason::new("a value nested too deeply"));
    }
    let inner = |outcome: &Outcome| match outcome {
        Outcome::Known(value) => to_json(value, depth + 1),
        Outcome::Unknown(reason) => Err(reason.clone()),
    };
    Ok(match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => serde_json::Number::from_f64(*number).map_or(serde_json::Value::Null, Into::into),
        Value::Text(text) => text.clone().into(),
        Value::Array(items) => items.iter().map(inner).collect::<Result<Vec<_>, _>>()?.into(),
        Value::Object(entries) => {
            let pairs = entries.iter().map(|(name, value)| Ok((name.clone(), inner(value)?)));
            serde_json::Value::Object(pairs.collect::<Result<_, UnknownReason>>()?)
        }
    })
}
