//! The forms in which documents state the fields of a publisher.

#![allow(clippy::unwrap_used)]

use super::*;

fn labels() -> Vec<DocumentLabel> {
    let pairs = [
        ("Owner", "owner"),
        ("Repository owner", "owner"),
        ("Repository", "repository"),
        ("Repository name", "repository"),
        ("Workflow", "workflow"),
        ("Workflow filename", "workflow"),
        ("Environment", "environment"),
        ("Environment name", "environment"),
    ];
    pairs.map(|(words, field)| DocumentLabel { words: words.into(), field: field.into() }).into()
}

/// Each block as `field=value`; asserts that every place contains its value.
fn shown(text: &str) -> Vec<String> {
    let found = blocks(text, &labels());
    found
        .iter()
        .map(|block| {
            let pairs = block.statements.iter().map(|statement| {
                assert_eq!(&text[statement.span.range()], statement.value);
                format!("{}={}", statement.field, statement.value)
            });
            pairs.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[test]
fn a_value_is_found_in_every_form() {
    for line in [
        "Workflow filename: release.yml",
        "- **Workflow filename**: `release.yml`",
        "* **Workflow Filename:** release.yml (in `.github/workflows`)",
        "- ✅ Workflow filename is `release.yml`",
        "- [x] Workflow filename = release.yml.",
        "3. _Workflow filename_ must be \"release.yml\"",
        "| Workflow filename | `release.yml` | the file |",
        "| **Workflow** | release.yml |",
        "> Workflow → `release.yml`",
        "  \"workflow_filename\": \"release.yml\",",
        "workflow-filename: 'release.yml' # the file",
        "Workflow (file): [release.yml](.github/workflows/release.yml)",
        "* Workflow filename: <code>release.yml</code>",
    ] {
        assert_eq!(shown(line), ["workflow=release.yml"], "{line}");
    }
}

#[test]
fn other_prose_is_not_a_statement() {
    for line in [
        "Workflows: release.yml",
        "The workflow is `release.yml`",
        "Workflow release.yml",
        "Environment: leave it empty",
        "Environment: any",
        "Environment name: <your environment>",
        "Environment: ${{ inputs.target }}",
        "Environment: pypi on GitHub",
        "1. **GitHub Workflows**: Release and publish workflows are configured with OIDC",
        "Workflow:",
        "| Workflow | |",
        "",
        "`",
        "[",
    ] {
        assert_eq!(shown(line), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn a_block_ends_where_its_record_ends() {
    let text = "# One\n```\nOwner: a\nRepository: b\n```\n\n- Owner: c\n- Repository: d\n- Owner: e\n\n\n\n\n\nRepository: f\n## Two\nWorkflow: g.yml\n";
    assert_eq!(
        shown(text),
        ["owner=a repository=b", "owner=c repository=d", "owner=e", "repository=f", "workflow=g.yml"]
    );
    let headings: Vec<_> = blocks(text, &labels()).into_iter().map(|block| block.headings.join("/")).collect();
    assert_eq!(headings, ["One", "One", "One", "One", "One/Two"]);
}

#[test]
fn a_table_has_one_row_per_field_or_per_record() {
    let rows = "| Field | Value |\r\n|---|---|\r\n| Owner | `a` |\r\n| Repository name | b |\r\n";
    assert_eq!(shown(rows), ["owner=a repository=b"]);
    let columns = "Index | Owner | Repository | Workflow | Environment (optional)\n:--|:--|:--|--:|---\nmain | a | `b` | r.yml | **p**\ntest | a | b | t.yml | -\n\nOwner | x\n";
    assert_eq!(
        shown(columns),
        ["owner=a repository=b workflow=r.yml environment=p", "owner=a repository=b workflow=t.yml", "owner=x"]
    );
}

#[test]
fn long_and_unusual_texts_are_skipped() {
    let long = format!("Owner: {}", "a".repeat(10_000));
    assert_eq!(shown(&long), Vec::<String>::new());
    assert_eq!(shown("Owner: ü\u{0}\u{feff}"), ["owner=ü\u{0}\u{feff}"]);
    assert_eq!(shown(&"|".repeat(1500)), Vec::<String>::new());
}

#[test]
fn a_block_with_placeholders_is_skipped() {
    assert_eq!(shown("Owner: <you>\nWorkflow: r.yml\n\n\n\n\nWorkflow: s.yml\n"), ["workflow=s.yml"]);
    assert_eq!(shown("Workflow: r.yml\nOwner: `your-name`\n"), Vec::<String>::new());
}
