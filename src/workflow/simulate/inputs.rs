//! The combinations of inputs that a `workflow_dispatch` can have. Only inputs that the simulated job's path reads are
//! enumerated; the others are unknown.

use crate::workflow::expression::{Outcome, Value, coerce_text};
use crate::workflow::model::{DeclaredInput, Text, Trigger};
use crate::workflow::simulate::relevance::Relevance;

/// The maximum number of combinations; beyond it, the input with the most values becomes unknown.
const MAX_COMBINATIONS: usize = 256;

/// The maximum number of job conditions evaluated for all combinations of one trigger.
const MAX_DECISIONS: usize = 20_000;

/// The maximum number of values in all combinations of one trigger. It lowers the number of combinations only for more inputs than GitHub
/// accepts.
const MAX_VALUES: usize = 25_600;

pub(super) type InputValues = Vec<(String, Outcome)>;

/// All combinations of the inputs that have a list of values and that the path reads. `runs_per_combination` is the number of
/// simulated runs per combination.
#[must_use]
pub(super) fn combinations(
    trigger: &Trigger<'_>,
    relevance: &Relevance<'_>,
    runs_per_combination: usize,
) -> Vec<InputValues> {
    let mut unknown = InputValues::new();
    let mut choices: Vec<(String, Vec<Value>)> = Vec::new();
    for input in &trigger.inputs {
        let name = input.name.value().to_owned();
        match values(input).filter(|_| relevance.reads_input(&name)) {
            Some(values) => choices.push((name, values)),
            None => unknown.push((name.clone(), Outcome::unknown(format!("the input `{name}`")))),
        }
    }
    let limit = (MAX_DECISIONS / (relevance.ancestors + 1)).clamp(1, MAX_COMBINATIONS) / runs_per_combination.max(1);
    let limit = limit.min(MAX_VALUES / trigger.inputs.len().max(1));
    for largest in surplus(&choices, limit.max(1)) {
        let (name, values) = &mut choices[largest];
        values.clear();
        let reason = format!("the input `{name}` (too many combinations of inputs)");
        unknown.push((std::mem::take(name), Outcome::unknown(reason)));
    }
    choices.retain(|(_, values)| !values.is_empty());
    let mut all = vec![unknown];
    for (name, values) in choices {
        let with = |chosen: &InputValues, value: &Value| {
            let mut chosen = chosen.clone();
            chosen.push((name.clone(), Outcome::Known(value.clone())));
            chosen
        };
        all = all.iter().flat_map(|chosen| values.iter().map(move |value| with(chosen, value))).collect();
    }
    all
}

/// The positions of the inputs with the most values without which there are at most `limit` combinations.
fn surplus(choices: &[(String, Vec<Value>)], limit: usize) -> Vec<usize> {
    let mut by_size: Vec<usize> = (0..choices.len()).collect();
    by_size.sort_by_key(|index| choices[*index].1.len());
    let mut combinations = 1;
    let kept = by_size.iter().take_while(|index| {
        combinations = usize::saturating_mul(combinations, choices[**index].1.len());
        combinations <= limit
    });
    let kept = kept.count();
    by_size.into_iter().skip(kept).rev().collect()
}

/// The known values as text, "with `target=pypi`"; `None` if no value is known.
#[must_use]
pub(super) fn describe(inputs: &InputValues) -> Option<String> {
    let chosen: Vec<_> = inputs
        .iter()
        .filter_map(|(name, outcome)| match outcome {
            Outcome::Known(value) => Some(format!("`{name}={}`", coerce_text(value))),
            Outcome::Unknown(_) => None,
        })
        .collect();
    (!chosen.is_empty()).then(|| format!("with {}", chosen.join(" and ")))
}

/// The possible values of an input; `None` if they cannot be listed.
fn values(input: &DeclaredInput<'_>) -> Option<Vec<Value>> {
    match input.kind.map(Text::value) {
        Some("boolean") => Some(vec![Value::Bool(true), Value::Bool(false)]),
        Some("choice") if !input.options.is_empty() => {
            Some(input.options.iter().map(|option| Value::Text(option.value().to_owned())).collect())
        }
        _ => None,
    }
}

/// Converts a value to the input's declared type, as GitHub does.
#[must_use]
pub(super) fn typed(input: &DeclaredInput<'_>, outcome: Outcome) -> Outcome {
    let Outcome::Known(value) = outcome else { return outcome };
    let text = coerce_text(&value);
    Outcome::Known(match input.kind.map(Text::value) {
        Some("boolean") => Value::Bool(text.eq_ignore_ascii_case("true")),
        Some("number") => text.parse().map_or(value, Value::Number),
        _ => Value::Text(text),
    })
}

/// The value of an input that is not given and has no default.
#[must_use]
pub(super) fn default_value(input: &DeclaredInput<'_>) -> Value {
    match input.kind.map(Text::value) {
        Some("boolean") => Value::Bool(false),
        Some("number") => Value::Number(0.0),
        _ => Value::Text(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_inputs_become_unknown_if_there_are_too_many_combinations() {
        let input = |size| (format!("of {size}"), vec![Value::Bool(true); size]);
        let choices = [2, 5, 2, 3, 5].map(input);
        assert_eq!(surplus(&choices, 300), [0; 0]);
        assert_eq!(surplus(&choices, 299), [4]);
        assert_eq!(surplus(&choices, 12), [4, 1]);
        assert_eq!(surplus(&choices, 1), [4, 1, 3, 2, 0]);
        let many: Vec<_> = (0..10_000).map(|_| input(2)).collect();
        assert_eq!(surplus(&many, 256).len(), 10_000 - 8);
    }
}
