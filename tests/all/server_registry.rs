//! A project that uploads a package to PyPI and then lists it in the MCP Registry: silent when healthy, one finding for each single fault.

use trustpub::lint::check;
use trustpub::lint::findings::Level;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;

const CONFIG: &str = "repository: acme/gopher\npublishers:\n  - registry: pypi\n    package: gopher\n    workflow: release.yml\n    environment: pypi\n";
const PYPROJECT: &str = "[project]\nname = \"gopher\"\nversion = \"1.2.0\"\nreadme = \"README.md\"\n";
const README: &str = "# Gopher\n\n<!-- mcp-name: io.github.acme/gopher -->\n";
const SERVER: &str = r#"{
  "name": "io.github.acme/gopher",
  "version": "1.2.0",
  "packages": [{ "registryType": "pypi", "identifier": "gopher", "version": "1.2.0" }]
}
"#;
const WORKFLOW: &str = r#"name: release
on:
  push:
    tags: ["v*"]
jobs:
  build:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v5
      - run: python -m build
      - uses: actions/upload-artifact@v4
        with:
          name: dist
          path: dist/
  publish-pypi:
    needs: build
    runs-on: ubuntu-latest
    environment:
      name: pypi
      url: https://pypi.org/p/gopher
    permissions:
      id-token: write
    steps:
      - uses: actions/download-artifact@v4
        with:
          name: dist
          path: dist/
      - uses: pypa/gh-action-pypi-publish@release/v1
  publish-server:
    needs: publish-pypi
    runs-on: ubuntu-latest
    environment: mcp
    permissions:
      contents: read
      id-token: write
    steps:
      - uses: actions/checkout@v5
      - run: |
          curl -L "https://github.com/modelcontextprotocol/registry/releases/download/v1.7.6/mcp-publisher_linux_amd64.tar.gz" | tar xz mcp-publisher
          ./mcp-publisher login github-oidc
          ./mcp-publisher publish
"#;

/// The findings above `note` of a project with replaced texts.
fn findings(changes: &[(&str, &str)]) -> Vec<String> {
    let rules = RuleSet::builtin().unwrap();
    let mut files = MemoryFiles::default();
    for (path, text) in [
        (".github/workflows/release.yml", WORKFLOW),
        (".github/trustpub.yaml", CONFIG),
        ("pyproject.toml", PYPROJECT),
        ("README.md", README),
        ("server.json", SERVER),
    ] {
        let changed = changes.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
        files.insert(path, changed);
    }
    let report = check(&rules.read(&files), &rules, None);
    let shown = report.findings.iter().filter(|finding| finding.level > Level::Note);
    shown.map(|finding| finding.name.clone()).collect()
}

#[test]
fn a_healthy_project_has_no_findings() {
    assert_eq!(findings(&[]), Vec::<String>::new());
}

#[test]
fn each_single_fault_has_its_one_finding() {
    let cases: [(&str, &[(&str, &str)]); 6] = [
        // The README names the server as the manifest does.
        ("namespace-mismatch", &[("io.github.acme", "io.github.Acme")]),
        ("outdated-client", &[("v1.7.6", "v1.4.1")]),
        ("missing-id-token", &[("      contents: read\n      id-token: write", "      contents: read")]),
        ("missing-ownership-mark", &[("<!-- mcp-name: io.github.acme/gopher -->", "")]),
        ("early-listing", &[("needs: publish-pypi", "needs: build")]),
        ("listed-version-mismatch", &[("\"version\": \"1.2.0\"", "\"version\": \"1.1.0\"")]),
    ];
    for (rule, changes) in cases {
        assert_eq!(findings(changes), [rule], "{changes:?}");
    }
}
