//! The trust map: events, jobs and registries as a Mermaid diagram. No text from a file can become a part of the diagram's language.

use std::fmt::Write;

use crate::lint::findings::{Route, RouteAnswer};
use crate::report::sanitize;

/// The most edges; the renderer stops at 500.
const MOST_EDGES: usize = 400;
/// The most bytes; the renderer stops at 50,000 characters.
const LARGEST: usize = 40_000;

/// The diagram of several projects' routes, each with the path of its project; `None` where there is nothing to draw.
///
/// An edge to a registry says what the registry will answer: a thick line is accepted, a dotted one is not decided by the files,
/// and a refused one is named so.
#[must_use]
pub fn map<'r>(routes: impl IntoIterator<Item = (&'r str, &'r Route)>) -> Option<String> {
    let mut map = RouteDiagram::default();
    for (prefix, route) in routes {
        map.add(prefix, route);
    }
    map.text()
}

/// Nodes and edges in the order in which they were met, no more than can be drawn.
#[derive(Default)]
pub struct RouteDiagram {
    nodes: Vec<(String, NodeShape)>,
    edges: Vec<(usize, usize, EdgeStyle)>,
    bytes: usize,
    left_out: usize,
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
    Uploads(RouteAnswer),
}

impl RouteDiagram {
    /// Adds a way, with the path of its project.
    pub fn add(&mut self, prefix: &str, route: &Route) {
        let file = format!("{prefix}{}", short(&route.workflow));
        if self.edges.len() + 2 > MOST_EDGES || self.bytes > LARGEST {
            self.left_out += 1;
            return;
        }
        let start = self.node(&[&file, &route.when], NodeShape::Start);
        let environment = route.environment.as_ref().map(|name| format!("environment {name}")).unwrap_or_default();
        let job = self.node(&[&file, &format!("job {}", route.job), &environment], NodeShape::Job);
        let registry =
            self.node(&[route.registry.as_deref().unwrap_or("not decided by the files")], NodeShape::Registry);
        self.edge(start, job, EdgeStyle::Starts);
        self.edge(job, registry, EdgeStyle::Uploads(route.answer));
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

    /// The diagram; `None` where there is nothing to draw.
    #[must_use]
    pub fn text(&self) -> Option<String> {
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
                EdgeStyle::Uploads(RouteAnswer::Accepted) => "== accepted ==>",
                EdgeStyle::Uploads(RouteAnswer::Refused) => "-- refused --x",
                EdgeStyle::Uploads(RouteAnswer::Undecided) => "-. undecided .->",
                EdgeStyle::Uploads(RouteAnswer::Token) => "-- stored token -->",
                EdgeStyle::Uploads(RouteAnswer::Undeclared) => "-- no record declared -->",
            };
            let _ = writeln!(text, "  n{from} {line} n{to}");
        }
        if self.left_out > 0 {
            let _ = writeln!(text, "  more[\"{} more ways are not drawn\"]", self.left_out);
        }
        Some(text)
    }
}

/// A workflow's path without the folder that all workflows share.
fn short(path: &str) -> &str {
    path.strip_prefix(".github/workflows/").unwrap_or(path)
}

/// A text that stays text: whatever the language could read, quotes, entities, Markdown and HTML among it, is written by its number.
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

    fn route(job: &str, answer: RouteAnswer) -> Route {
        Route {
            workflow: ".github/workflows/release.yml".into(),
            when: "when a tag is pushed".into(),
            job: job.into(),
            environment: Some("release".into()),
            registry: Some("Registry".into()),
            answer,
        }
    }

    #[test]
    fn events_lead_to_jobs_and_jobs_to_registries() {
        let routes = [route("wheels", RouteAnswer::Accepted), route("docs", RouteAnswer::Refused)];
        let map = map(routes.iter().map(|route| ("", route))).unwrap_or_default();
        assert_eq!(
            map,
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
    fn nothing_in_a_name_is_read_as_language() {
        let label = quoted("a\"]\n%%{init}%% `x` <b> #quot; --> \u{1b}[31m\u{202e}");
        assert!(!label.contains(['"', '%', '{', '`', '<', '>', '[', ']', '\n', '\u{1b}', '\u{202e}']), "{label}");
        assert!(label.starts_with("a#34;#93; #37;#37;#123;init"), "{label}");
    }

    #[test]
    fn a_map_that_no_renderer_takes_is_cut_and_says_so() {
        let routes: Vec<Route> = (0..1_000).map(|at| route(&format!("job-{at}"), RouteAnswer::Undeclared)).collect();
        let map = map(routes.iter().map(|route| ("", route))).unwrap_or_default();
        assert!(map.len() < 50_000 && map.matches("-->").count() <= 500, "{}", map.len());
        assert!(map.contains("more ways are not drawn"));
        assert_eq!(super::map(std::iter::empty()), None);
    }
}
