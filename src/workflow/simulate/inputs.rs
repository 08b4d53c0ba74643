//! The inputs a workflow can be dispatched with. Only those that make a difference are played through; the rest is left open.

use crate::workflow::expression::{Outcome, Value, coerce_text};
use crate::workflow::model::{DeclaredInput, Text, Trigger};
use crate::workflow::simulate::relevance::Relevance;

/// How many combinations are played at most; beyond it, the input with most values is left open.
pub const MOST_COMBINATIONS: usize = 256;

/// How many jobs are decided at most to play all combinations.
const MOST_DECISIONS: usize = 20_000;

/// Inputs with their values.
pub type InputValues = Vec<(String, Outcome)>;

/// Every choice of the inputs that can be listed and that the way reads. `each` is how many copies of the job every choice has.
#[must_use]
pub fn combinations(trigger: &Trigger<'_>, relevance: &Relevance<'_>, each: usize) -> Vec<InputValues> {
    let mut open = InputValues::new();
    let mut choices: Vec<(String, Vec<Value>)> = Vec::new();
    for input in &trigger.inputs {
        let name = input.name.value().to_owned();
        match values(input).filter(|_| relevance.reads("inputs", &name)) {
            Some(values) => choices.push((name, values)),
            None => open.push((name.clone(), Outcome::unknown(format!("the input `{name}`")))),
        }
    }
    let most = (MOST_DECISIONS / (relevance.ancestors + 1)).clamp(1, MOST_COMBINATIONS) / each.max(1);
    while choices.iter().map(|(_, values)| values.len()).fold(1, usize::saturating_mul) > most.max(1) {
        let Some(largest) = (0..choices.len()).max_by_key(|index| choices[*index].1.len()) else { break };
        let (name, _) = choices.remove(largest);
        let reason = format!("the input `{name}`, one of more combinations than are played");
        open.push((name, Outcome::unknown(reason)));
    }
    let mut all = vec![open];
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

/// How to say what was chosen: "with `target=pypi`"; nothing where nothing was.
#[must_use]
pub fn describe(inputs: &InputValues) -> Option<String> {
    let chosen: Vec<_> = inputs
        .iter()
        .filter_map(|(name, outcome)| match outcome {
            Outcome::Known(value) => Some(format!("`{name}={}`", coerce_text(value))),
            Outcome::Unknown(_) => None,
        })
        .collect();
    (!chosen.is_empty()).then(|| format!("with {}", chosen.join(" and ")))
}

/// The values an input can have, if they can be listed.
fn values(input: &DeclaredInput<'_>) -> Option<Vec<Value>> {
    match input.kind.map(Text::value) {
        Some("boolean") => Some(vec![Value::Bool(true), Value::Bool(false)]),
        Some("choice") if !input.options.is_empty() => {
            Some(input.options.iter().map(|option| Value::Text(option.value().to_owned())).collect())
        }
        _ => None,
    }
}

/// What a called workflow makes of a value that it is given, by the type that it declares.
#[must_use]
pub fn typed(input: &DeclaredInput<'_>, outcome: Outcome) -> Outcome {
    let Outcome::Known(value) = outcome else { return outcome };
    let text = coerce_text(&value);
    Outcome::Known(match input.kind.map(Text::value) {
        Some("boolean") => Value::Bool(text.eq_ignore_ascii_case("true")),
        Some("number") => text.parse().map_or(value, Value::Number),
        _ => Value::Text(text),
    })
}

/// What a called workflow takes for an input that it is not given and that has no default.
#[must_use]
pub fn absent(input: &DeclaredInput<'_>) -> Value {
    match input.kind.map(Text::value) {
        Some("boolean") => Value::Bool(false),
        Some("number") => Value::Number(0.0),
        _ => Value::Text(String::new()),
    }
}
