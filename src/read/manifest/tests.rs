//! Every format of manifest, valid and invalid.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::read::files::MemoryFiles;
use crate::read::project::Project;

fn kind(yaml: &str) -> ManifestKind {
    serde_yaml::from_str(yaml).unwrap()
}

fn loaded(kinds: &[ManifestKind], files: &[(&str, &str)]) -> Project {
    let mut memory = MemoryFiles::default();
    for (path, text) in files {
        memory.insert(*path, *text);
    }
    let mut project = Project::load(&memory, None);
    project.load_manifests(&memory, &kinds.iter().collect());
    project
}

/// The value of a key, and its text in the file.
fn shown(project: &Project, path: &str, key: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match project.manifests.field(folder, name, key) {
        None => "not searched".into(),
        Some(ManifestField::Absent) => "absent".into(),
        Some(ManifestField::Unknown(_)) => "unknown".into(),
        Some(ManifestField::Known(text, place)) => {
            format!("{text} at {}", project.source(place.file).unwrap().slice(place.span))
        }
    }
}

#[test]
fn toml_values_have_places() {
    let text = "[project]\nname = 'demo'\ndynamic = [\"version\"]\n[tool.a]\n'b.c' = true\nd.e = 1\n";
    let project =
        loaded(&[kind("{file: pyproject.toml, format: toml, name: [project.name]}")], &[("pyproject.toml", text)]);
    assert_eq!(shown(&project, "pyproject.toml", "project.name"), "demo at 'demo'");
    assert_eq!(shown(&project, "pyproject.toml", "tool.a.b.c"), "true at true");
    assert_eq!(shown(&project, "pyproject.toml", "tool.a.d.e"), "1 at 1");
    assert_eq!(shown(&project, "pyproject.toml", "project.version"), "absent");
    assert_eq!(shown(&project, "pyproject.toml", "project.dynamic"), "unknown");
    let sign = PackageSign {
        key: "project.dynamic".into(),
        is: Vec::new(),
        starts: Vec::new(),
        has: vec!["version".into()],
        empty: false,
    };
    assert!(project.manifests.list[0].place_of_sign(&sign).is_some());
}

#[test]
fn json_may_have_tabs_comments_and_duplicate_keys() {
    let text = "{\n\t\"name\": \"@acme/demo\", // the name\n\t\"a\": {\"b\": \"//x\"},\n\t\"c\": 1, \"c\": 2,\n}\n";
    let project = loaded(&[kind("{file: package.json, format: json}")], &[("package.json", text)]);
    assert_eq!(shown(&project, "package.json", "name"), "@acme/demo at \"@acme/demo\"");
    assert_eq!(shown(&project, "package.json", "a.b"), "//x at \"//x\"");
    assert_eq!(shown(&project, "package.json", "c"), "unknown");
}

#[test]
fn ini_has_sections_and_continued_lines() {
    let text = "registry=https://r.example.com/\n@acme:registry = https://a.example.com/\n//r.example.com/:_authToken=${T}\n[metadata]\nname: demo\nurl =\n  https://example.com\n";
    let project = loaded(&[kind("{file: f.ini, format: ini}")], &[("f.ini", text)]);
    assert_eq!(shown(&project, "f.ini", "registry"), "https://r.example.com/ at https://r.example.com/");
    assert_eq!(shown(&project, "f.ini", "@acme:registry"), "https://a.example.com/ at https://a.example.com/");
    assert_eq!(shown(&project, "f.ini", "//r.example.com/:_authToken"), "${T} at ${T}");
    assert_eq!(shown(&project, "f.ini", "metadata.name"), "demo at demo");
    assert_eq!(shown(&project, "f.ini", "metadata.url"), "https://example.com at https://example.com");
}

#[test]
fn xml_has_elements_attributes_and_conditions() {
    let text = "<?xml version=\"1.0\"?>\n<Project>\n  <!-- <PackageId>No</PackageId> -->\n  <PropertyGroup Condition=\"'$(C)' == 'Release'\"><Optimize>true</Optimize></PropertyGroup>\n  <PropertyGroup>\n    <PackageId>Acme.Demo</PackageId>\n    <Version>$(V)</Version>\n    <Authors>A &amp; B</Authors>\n    <repository type=\"git\" url='https://e.example/x' />\n  </PropertyGroup>\n</Project>\n";
    let project = loaded(&[kind("{file: '*.csproj', format: xml}")], &[("Demo.csproj", text)]);
    assert_eq!(shown(&project, "Demo.csproj", "Project.PropertyGroup.PackageId"), "Acme.Demo at Acme.Demo");
    assert_eq!(shown(&project, "Demo.csproj", "Project.PropertyGroup.Version"), "unknown");
    assert_eq!(shown(&project, "Demo.csproj", "Project.PropertyGroup.Optimize"), "unknown");
    assert_eq!(shown(&project, "Demo.csproj", "Project.PropertyGroup.Authors"), "A & B at A &amp; B");
    assert_eq!(
        shown(&project, "Demo.csproj", "Project.PropertyGroup.repository.@url"),
        "https://e.example/x at https://e.example/x"
    );
}

#[test]
fn only_plain_assignments_of_ruby_are_known() {
    let text = "Gem::Specification.new do |spec|\n  spec.name = \"demo\".freeze\n  spec.version = Demo::VERSION\n  spec.homepage = \"https://#{HOST}\"\n  spec.metadata[\"source_code_uri\"] = 'https://example.com' # here\n=begin\n  spec.name = \"other\"\n=end\nend\n";
    let project = loaded(&[kind("{file: '*.gemspec', format: ruby}")], &[("demo.gemspec", text)]);
    assert_eq!(shown(&project, "demo.gemspec", "name"), "demo at \"demo\"");
    assert_eq!(shown(&project, "demo.gemspec", "version"), "unknown");
    assert_eq!(shown(&project, "demo.gemspec", "homepage"), "unknown");
    assert_eq!(
        shown(&project, "demo.gemspec", "metadata.source_code_uri"),
        "https://example.com at 'https://example.com'"
    );
}

#[test]
fn members_of_workspaces_are_found_and_inherit() {
    let cargo = kind(
        "{file: Cargo.toml, format: toml, name: [package.name], repository: [package.repository], members: [workspace.members], inherit: {marker: workspace, under: workspace}}",
    );
    let root = "[workspace]\nmembers = ['crates/*', './tool/', '../out', '/abs']\n[workspace.package]\nrepository = 'https://github.com/acme/demo'\n";
    let member = "[package]\nname = 'one'\nrepository.workspace = true\n";
    let files = [
        ("Cargo.toml", root),
        ("crates/one/Cargo.toml", member),
        ("tool/Cargo.toml", "[package]\nname = 'tool'\nrepository = 'x'\n"),
        ("other/Cargo.toml", member),
    ];
    let project = loaded(&[cargo], &files);
    let folders: Vec<&str> = project.manifests.list.iter().map(|manifest| manifest.folder.as_str()).collect();
    assert_eq!(folders, ["", "crates/one", "tool"]);
    let one = project.manifests.at("crates/one", "Cargo.toml").unwrap();
    assert!(matches!(project.manifests.package(one), ManifestField::Known("one", _)));
    assert!(
        matches!(project.manifests.repository(one), ManifestField::Known("https://github.com/acme/demo", place) if place.file == project.manifests.list[0].file)
    );
    assert_eq!(shown(&project, "other/Cargo.toml", "package.name"), "not searched");
}

#[test]
fn folders_that_a_workflow_names_are_searched() {
    let workflow = "on: push\njobs:\n  a:\n    steps:\n      - run: cd python && python -m build\n      - run: npm publish\n        working-directory: ./web/app\n      - run: cat ../secret /etc/passwd\n";
    let package = "{\"name\": \"x\"}";
    let files = [
        (".github/workflows/r.yml", workflow),
        ("python/package.json", package),
        ("web/app/package.json", package),
        ("unseen/package.json", package),
    ];
    let project = loaded(&[kind("{file: package.json, format: json}")], &files);
    let found: Vec<_> =
        project.manifests.list.iter().map(|manifest| (manifest.folder.as_str(), manifest.mentioned)).collect();
    assert_eq!(found, [("python", true), ("web/app", true)]);
}

#[test]
fn an_invalid_manifest_has_unknown_values() {
    let kinds = [
        kind("{file: a.toml, format: toml}"),
        kind("{file: a.json, format: json}"),
        kind("{file: a.xml, format: xml}"),
        kind("{file: setup.py, format: program}"),
    ];
    let deep_json = "[".repeat(300_000);
    let deep_toml = format!("a = {}", "[".repeat(300_000));
    let dots = format!("{}a = 1", "a.".repeat(100_000));
    let deep_xml = "<a>".repeat(100_000);
    for (name, text) in [
        ("a.toml", "name = "),
        ("a.toml", &deep_toml),
        ("a.toml", &dots),
        ("a.json", "{\"name\": "),
        ("a.json", &deep_json),
        ("a.json", "{\"name\": \"x\0\"}"),
        ("a.xml", "<a><b></a>"),
        ("a.xml", &deep_xml),
        ("a.xml", "<a x=\"1"),
        ("setup.py", "setup(name='x')"),
    ] {
        let project = loaded(&kinds, &[(name, text)]);
        assert_eq!(shown(&project, name, "name"), "unknown", "{name}: {:.20}", text);
        assert!(project.unreadable.is_empty());
    }
}

#[test]
fn a_member_may_be_above_its_manifest_a_file_or_a_project_of_a_solution() {
    let kinds = [
        kind("{file: Cargo.toml, format: toml, name: [package.name], members: ['dependencies.*.path']}"),
        kind("{file: '*.sln', format: solution, member-files: [Project]}"),
        kind("{file: '*.csproj', format: xml, member-files: [Project.ItemGroup.ProjectReference.@Include]}"),
    ];
    let crates =
        "[dependencies]\na = '1'\nb = { path = './../b' }\nc = { path = '../../../out' }\nd = { path = '..' }\n";
    let solution = "\u{feff}\r\n# Project(\"x\") = \"No\", \"no\\No.csproj\"\r\nProject(\"{k}\") = \"A\", \"src\\A\\A.csproj\", \"{i}\"\r\nEndProject\r\nProject(\"broken";
    let reference = "<Project><ItemGroup><ProjectReference Include=\"..\\B\\B.csproj\" /></ItemGroup></Project>";
    let empty = "<Project />";
    let files = [
        ("Cargo.toml", "[dependencies.x]\npath = 'crates/x'\n"),
        ("crates/Cargo.toml", "[workspace]"),
        ("crates/b/Cargo.toml", "[package]"),
        ("crates/x/Cargo.toml", crates),
        ("out/Cargo.toml", "[package]"),
        ("Demo.sln", solution),
        ("no/No.csproj", empty),
        ("src/A/A.csproj", reference),
        ("src/B/B.csproj", empty),
    ];
    let project = loaded(&kinds, &files);
    let mut folders: Vec<&str> = project.manifests.list.iter().map(|manifest| manifest.folder.as_str()).collect();
    folders.sort_unstable();
    assert_eq!(folders, ["", "", "crates", "crates/b", "crates/x", "src/A", "src/B"]);
    assert!(project.manifests.complete());
    assert_eq!(shown(&project, "Demo.sln", "Project"), "unknown");
    let list = project.manifests.at("", "Demo.sln").unwrap();
    let path = list.values("Project").unwrap()[0].items()[0].clone();
    assert_eq!(project.source(list.file).unwrap().slice(path.span), "src\\A\\A.csproj");
}

#[test]
fn an_unknown_member_makes_the_list_incomplete() {
    let kinds = [kind("{file: '*.csproj', format: xml, member-files: [Project.ItemGroup.ProjectReference.@Include]}")];
    for text in [
        "<Project><ItemGroup><ProjectReference Include=\"$(Root)B.csproj\" /></ItemGroup></Project>",
        "<Project><ItemGroup Condition=\"x\"><ProjectReference Include=\"B.csproj\" /></ItemGroup></Project>",
        "<Project><ItemGroup>",
    ] {
        assert!(!loaded(&kinds, &[("A.csproj", text)]).manifests.complete(), "{text}");
    }
}
