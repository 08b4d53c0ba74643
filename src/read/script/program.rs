//! Task files that are programs: noxfiles and Rakefiles. Only calls with literal words are read.

use crate::read::script::ScriptPart;
use crate::read::text::MappedText;

/// The commands of a session in a noxfile: its calls `session.run("program", "argument")`.
pub(crate) fn nox(text: &str, name: &str) -> Option<ScriptPart> {
    let mut part = ScriptPart::default();
    let mut decorated = false;
    let mut renamed = None;
    let mut inside = false;
    let mut found = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.starts_with('@') {
            inside = false;
            decorated |= line.contains("session");
            renamed = line.split_once("name=").and_then(|(_, rest)| rest.split(['"', '\'']).nth(1)).or(renamed);
        } else if let Some(function) = line.strip_prefix("def ").or_else(|| line.strip_prefix("async def ")) {
            let own = function.split('(').next().unwrap_or_default().trim();
            inside = std::mem::take(&mut decorated) && renamed.take().unwrap_or(own) == name;
            found |= inside;
        } else if !line.starts_with([' ', '\t', '\r', '\n', ')', '#']) {
            inside = false;
        } else if inside {
            for call in ["session.run(", "session.run_always(", "session.run_install("] {
                if let Some(column) = line.find(call) {
                    let from = start + column + call.len();
                    part.texts.extend(words(&text[from..], from));
                }
            }
        }
    }
    found.then_some(part)
}

/// The literal arguments of a call as one command.
fn words(arguments: &str, start: usize) -> Option<MappedText> {
    let mut text = MappedText::default();
    let mut at = 0;
    while at < arguments.len().min(4096) {
        let rest = &arguments[at..];
        let skipped =
            rest.len() - rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',').len();
        at += skipped;
        let rest = &arguments[at..];
        match rest.chars().next()? {
            ')' => break,
            quote @ ('"' | '\'') => {
                let end = rest[1..].find(quote)?;
                text.push("'", start + at, start + at);
                text.push(&rest[1..=end].replace(['\'', '\n', '\\'], " "), start + at + 1, start + at + 1 + end);
                text.push("' ", start + at + 1 + end, start + at + 1 + end);
                at += end + 2;
            }
            '#' => at += rest.find('\n').unwrap_or(rest.len()),
            _ => {
                let length = rest.find([',', ')', '\n']).unwrap_or(rest.len());
                // A keyword argument is not a word of the command.
                if !rest[..length].contains('=') {
                    text.push("\"${UNKNOWN_}\" ", start + at, start + at + length);
                }
                at += length.max(1);
            }
        }
    }
    (!text.as_str().is_empty()).then_some(text)
}

/// The commands of a task in a Rakefile: its calls `sh "…"` and `system "…"`.
pub(crate) fn rake(text: &str, name: &str) -> Option<ScriptPart> {
    let mut part = ScriptPart::default();
    let mut indent = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = line.trim();
        let width = line.len() - line.trim_start().len();
        if let Some((own, needs)) = task(content) {
            if own == name {
                indent = Some(width);
                part.needs.extend(needs);
                part.found = true;
            } else if indent.is_some_and(|open| width <= open) {
                indent = None;
            }
        } else if content == "end" && indent == Some(width) {
            indent = None;
        }
        if indent.is_some() {
            for call in ["sh ", "sh(", "system ", "system("] {
                let Some(column) = line.find(call).filter(|at| line[..*at].trim().is_empty()) else { continue };
                let from = column + call.len();
                let rest = line[from..].trim_start();
                let Some(quote) = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { continue };
                let Some(length) = rest[1..].find(quote) else { continue };
                let offset = start + line.len() - rest.len() + 1;
                let mut text = MappedText::default();
                text.push(&rest[1..=length].replace("#{", "${"), offset, offset + length);
                part.texts.push(text);
            }
        }
    }
    part.found.then_some(part)
}

/// The name and the prerequisites of `task :name => [:other] do`.
fn task(line: &str) -> Option<(String, Vec<String>)> {
    let rest = line.strip_prefix("task ").or_else(|| line.strip_prefix("task("))?;
    let symbol = |text: &str| {
        text.trim_matches(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':')
            .trim_start_matches(':')
            .to_owned()
    };
    let head = rest.split(" do").next().unwrap_or_default();
    let (name, needs) = head.split_once("=>").or_else(|| head.split_once(": ")).unwrap_or((head, ""));
    let name = symbol(name.split([',', ' ']).find(|part| !part.trim().is_empty())?.trim_matches(['"', '\'']));
    let needs = needs.split(',').map(symbol).filter(|need| !need.is_empty()).collect();
    Some((name.trim_end_matches(':').to_owned(), needs))
}
