//! A Mermaid diagram of triggers, jobs and registries. Text from files is escaped, so that it cannot become Mermaid syntax.

use std::fmt::Write;

use crate::lint::findings::{Route, RouteVerdict};
use crate::report::sanitize;

/// GitHub's Mermaid renderer stops at 500 edges.
const MAX_EDGES: usize = 400;
/// In bytes; GitHub's Mermaid renderer stops at 50,000 characters.
const MAX_SIZE: usize = 40_000;

/// The diagram of routes, each with the path of its project; `None` without routes. The edge to a registry shows the verdict.
#[must_use]
pub(super) fn diagram<'r>(routes: impl IntoIterator<Item = (&'r str, &'r Route)>) -> Option<String> {
    let mut diagram = RouteDiagram::default();
    for (prefix, route) in routes {
        diagram.add(prefix, route);
    }
    diagram.text()
}

/// Nodes and edges in order of appearance, up to the renderer's limits.
#[derive(Default)]
pub(super) struct RouteDiagram {
    nodes: Vec<(String, NodeShape)>,
    edges: Vec<(usize, usize, EdgeStyle)>,
    bytes: usize,
    omitted: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NodeShape {
    Start,
    Job,
    Registry,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EdgeStyle {
    Starts,
    Uploads(RouteVerdict),
}

impl RouteDiagram {
    /// Adds a route of the project at `prefix`.
    pub(super) fn add(&mut self, prefix: &str, route: &Route) {
        let file = format!("{prefix}{}", short(&route.workflow));
        if self.edges.len() + 2 > MAX_EDGES || self.bytes > MAX_SIZE {
            self.omitted += 1;
            return;
        }
        let start = self.node(&[&file, &route.when], NodeShape::Start);
        let environment = route.environment.as_ref().map(|name| format!("environment {name}")).unwrap_or_default();
        let job = self.node(&[&file, &format!("job {}", route.job), &environment], NodeShape::Job);
        let registry = self.node(&[route.registry.as_deref().unwrap_or("unknown registry")], NodeShape::Registry);
        self.edge(start, job, EdgeStyle::Starts);
        self.edge(job, registry, EdgeStyle::Uploads(route.verdict));
    }

    fn node(&mut self, lines: &[&str], shape: NodeShape) -> usize {
        let lines: Vec<_> = lines.iter().filter(|line| !line.is_empty()).map(|line| quoted(line)).collect();
        let label = lines.join("<br/>");
        if let Some(index) = self.nodes.iter().position(|(known, kind)| *known == label && *kind == shape) {
            return index;
        }
        self.bytes += label.len() + 16;
        self.nodes.push((label, shape));
        self.nodes.len() - 1
    }

    fn edge(&mut self, from: usize, to: usize, edge: EdgeStyle) {
        if !self.edges.contains(&(from, to, edge)) {
            self.bytes += 24;
            self.edges.push((from, to, edge));
        }
    }

    /// The diagram; `None` without routes.
    #[must_use]
    pub(super) fn text(&self) -> Option<String> {
        if self.edges.is_empty() {
            return None;
        }
        let mut text = "flowchart LR\n".to_owned();
        for (index, (label, shape)) in self.nodes.iter().enumerate() {
            let (open, close) = match shape {
                NodeShape::Start => ("([", "])"),
                NodeShape::Job => ("[", "]"),
                NodeShape::Registry => ("[(", ")]"),
            };
            let _ = writeln!(text, "  n{index}{open}\"{label}\"{close}");
        }
        for (from, to, edge) in &self.edges {
            let line = match edge {
                EdgeStyle::Starts => "-->",
                EdgeStyle::Uploads(RouteVerdict::Accepted) => "== accepted ==>",
                EdgeStyle::Uploads(RouteVerdict::Refused) => "-- refused --x",
                EdgeStyle::Uploads(RouteVerdict::Undecided) => "-. undecided .->",
                EdgeStyle::Uploads(RouteVerdict::StoredToken) => "-- stored token -->",
                EdgeStyle::Uploads(RouteVerdict::Undeclared) => "-- no publisher declared -->",
            };
            let _ = writeln!(text, "  n{from} {line} n{to}");
        }
        if self.omitted > 0 {
            let _ = writeln!(text, "  more[\"{} more routes are not shown\"]", self.omitted);
        }
        Some(text)
    }
}

/// A workflow's path without `.github/workflows/`.
fn short(path: &str) -> &str {
    path.strip_prefix(".github/workflows/").unwrap_or(path)
}

/// Escapes everything that Mermaid, Markdown or HTML could interpret, as character references.
fn quoted(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for letter in sanitize::line(text).chars().take(200) {
        if letter.is_alphanumeric() || " -_./,='".contains(letter) {
            label.push(letter);
        } else {
            let _ = write!(label, "#{};", u32::from(letter));
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(job: &str, verdict: RouteVerdict) -> Route {
        Route {
            workflow: ".github/workflows/release.yml".into(),
            when: "when a tag is pushed".into(),
            job: job.into(),
            environment: Some("release".into()),
            registry: Some("Registry".into()),
            verdict,
        }
    }

    #[test]
    fn events_lead_to_jobs_and_jobs_to_registries() {
        let routes = [route("wheels", RouteVerdict::Accepted), route("docs", RouteVerdict::Refused)];
        let text = diagram(routes.iter().map(|route| ("", route))).unwrap_or_default();
        assert_eq!(
            text,
            "flowchart LR\n  \
             n0([\"release.yml<br/>when a tag is pushed\"])\n  \
             n1[\"release.yml<br/>job wheels<br/>environment release\"]\n  \
             n2[(\"Registry\")]\n  \
             n3[\"release.yml<br/>job docs<br/>environment release\"]\n  \
             n0 --> n1\n  \
             n1 == accepted ==> n2\n  \
             n0 --> n3\n  \
             n3 -- refused --x n2\n"
        );
    }

    #[test]
    fn names_are_escaped() {
        let label = quoted("a\"]\n%%{init}%% `x` <b> #quot; --> \u{1b}[31m\u{202e}");
        assert!(!label.contains(['"', '%', '{', '`', '<', '>', '[', ']', '\n', '\u{1b}', '\u{202e}']), "{label}");
        assert!(label.starts_with("a#34;#93; #37;#37;#123;init"), "{label}");
    }

    #[test]
    fn a_large_diagram_is_cut() {
        let routes: Vec<Route> = (0..1_000).map(|at| route(&format!("job-{at}"), RouteVerdict::Undeclared)).collect();
        let text = diagram(routes.iter().map(|route| ("", route))).unwrap_or_default();
        assert!(text.len() < 50_000 && text.matches("-->").count() <= 500, "{}", text.len());
        assert!(text.contains("more routes are not shown"));
        assert_eq!(diagram(std::iter::empty()), None);
    }
}
