//! Every kind of manifest in the registry data, and a malicious checkout: huge files, link cycles and hundreds of manifests.

use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::manifest::{ManifestField, ManifestKind};
#[cfg(unix)]
use trustpub::read::project::Project;

#[cfg(unix)]
fn kind(yaml: &str) -> ManifestKind {
    serde_yaml::from_str(yaml).unwrap()
}

/// The package name in a manifest; `open` if it is unknown.
#[cfg(unix)]
fn name(project: &Project, folder: &str) -> Option<String> {
    match project.manifests.field(folder, "package.json", "name") {
        Some(ManifestField::Known(text, _)) => Some(text.to_owned()),
        Some(ManifestField::Unknown(_)) => Some("open".into()),
        Some(ManifestField::Absent) | None => None,
    }
}

#[cfg(unix)]
#[test]
fn a_malicious_checkout_is_read_within_limits() {
    use std::os::unix::fs::symlink;
    use trustpub::read::files::DiskFiles;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("package.json"), "{\"name\": \"outside\"}").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let write = |path: &str, text: &[u8]| {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), text).unwrap();
    };
    write(".github/workflows/r.yml", b"on: push\njobs: {a: {steps: [{run: cd out loop/loop ../x /etc big}]}}\n");
    std::fs::File::create(root.join("package.json")).unwrap().set_len(100 * 1024 * 1024).unwrap();
    write("pnpm-workspace.yaml", b"packages: ['**', '*/*/*/*', '../*', 'out', 'p*']\n");
    write("big/package.json", &vec![b' '; 2 * 1024 * 1024]);
    write("bytes/package.json", b"{\"name\": \"\xff\xfe\"}");
    symlink(outside.path(), root.join("out")).unwrap();
    std::fs::create_dir_all(root.join("loop")).unwrap();
    symlink(root.join("loop"), root.join("loop/loop")).unwrap();
    for number in 0..600 {
        write(&format!("p{number}/package.json"), b"{\"name\": \"x\"}");
    }
    let disk = DiskFiles::new(root).unwrap();
    let mut project = Project::load(&disk, None);
    let kinds = [
        kind("{file: package.json, format: json, name: [name]}"),
        kind("{file: pnpm-workspace.yaml, format: yaml, members: [packages]}"),
    ];
    project.load_manifests(&disk, &kinds.iter().collect());
    assert!(project.unreadable.is_empty() && project.problems.is_empty());
    assert!(!project.manifests.complete() && project.manifests.list.len() <= 257);
    assert_eq!(name(&project, "").as_deref(), Some("open"));
    assert_eq!(name(&project, "big").as_deref(), Some("open"));
    assert_eq!(name(&project, "bytes").as_deref(), Some("open"));
    assert_eq!(name(&project, "p1").as_deref(), Some("x"));
    assert_eq!(name(&project, "out").as_deref(), None, "a link that leaves the repository");
}

/// For each kind: the path, the text, the package and the repository.
const SAMPLES: [(&str, &str, &str, Option<&str>); 21] = [
    (
        "pyproject.toml",
        "[project]\nname = 'demo'\n[project.urls]\nRepository = 'https://r.example'\n",
        "demo",
        Some("https://r.example"),
    ),
    (
        "pyproject.toml",
        "[tool.poetry]\nname = 'demo'\nrepository = 'https://r.example'\n",
        "demo",
        Some("https://r.example"),
    ),
    ("pyproject.toml", "[tool.flit.metadata]\nmodule = 'demo'\n", "demo", None),
    ("setup.cfg", "[metadata]\nname = demo\nurl = https://r.example\n", "demo", Some("https://r.example")),
    (
        "package.json",
        "{ \"name\": \"@acme/demo\", \"repository\": { \"url\": \"https://r.example\" } }",
        "@acme/demo",
        Some("https://r.example"),
    ),
    ("package.json", "{ \"name\": \"demo\", \"repository\": \"acme/demo\" }", "demo", Some("acme/demo")),
    ("Cargo.toml", "[package]\nname = 'demo'\nrepository = 'https://r.example'\n", "demo", Some("https://r.example")),
    ("demo.gemspec", "spec.name = 'demo'\nspec.homepage = 'https://r.example'\n", "demo", Some("https://r.example")),
    (
        "demo.gemspec",
        "s.name = \"demo\"\ns.metadata['source_code_uri'] = 'https://r.example'\n",
        "demo",
        Some("https://r.example"),
    ),
    (
        "Demo.csproj",
        "<Project><PropertyGroup><PackageId>Demo</PackageId><RepositoryUrl>https://r.example</RepositoryUrl></PropertyGroup></Project>",
        "Demo",
        Some("https://r.example"),
    ),
    ("Demo.fsproj", "<Project><PropertyGroup><PackageId>Demo</PackageId></PropertyGroup></Project>", "Demo", None),
    (
        "Directory.Build.props",
        "<Project><PropertyGroup><PackageId>Demo</PackageId></PropertyGroup></Project>",
        "Demo",
        None,
    ),
    (
        "Demo.nuspec",
        "<package xmlns=\"x\"><metadata><id>Demo</id><repository type=\"git\" url=\"https://r.example\" /></metadata></package>",
        "Demo",
        Some("https://r.example"),
    ),
    ("setup.py", "setup(name='demo', url='https://r.example')\n", "demo", Some("https://r.example")),
    ("server.json", "{ \"name\": \"io.github.acme/demo\", \"version\": \"1.0.0\" }", "io.github.acme/demo", None),
    ("pubspec.yaml", "name: demo\nrepository: https://r.example\n", "demo", Some("https://r.example")),
    ("jsr.json", "{ \"name\": \"@acme/demo\" }", "@acme/demo", None),
    ("jsr.jsonc", "{ \"name\": \"@acme/demo\", /* no more */ }", "@acme/demo", None),
    ("deno.json", "{ \"name\": \"@acme/demo\" }", "@acme/demo", None),
    ("deno.jsonc", "// names the package\n{ \"name\": \"@acme/demo\" }", "@acme/demo", None),
    (
        "pyproject.toml",
        "[project]\nname = 'demo'\n[project.urls]\n'Source Code' = 'https://r.example'\n",
        "demo",
        Some("https://r.example"),
    ),
];

#[test]
fn every_kind_of_manifest_names_its_package() {
    let rules = RuleSet::builtin().unwrap();
    let kinds: Vec<ManifestKind> = rules.data.registries.manifests().iter().cloned().collect();
    let mut seen = Vec::new();
    for (path, text, package, repository) in SAMPLES {
        let mut files = MemoryFiles::default();
        files.insert(path, text);
        let project = rules.read(&files);
        let manifest = project.manifests.list.first().unwrap_or_else(|| panic!("{path} is read by no registry"));
        let known = |field| match field {
            ManifestField::Known(text, _) => Some(text),
            _ => None,
        };
        assert_eq!(known(project.manifests.package(manifest)), Some(package), "{path}");
        assert_eq!(known(project.manifests.repository(manifest)), repository, "{path}");
        seen.push(manifest.kind.file.clone());
    }
    let missed: Vec<_> = kinds.iter().filter(|kind| !kind.name.is_empty() && !seen.contains(&kind.file)).collect();
    assert!(missed.is_empty(), "without a sample: {missed:?}");
}

#[test]
fn private_packages_are_recognised() {
    let rules = RuleSet::builtin().unwrap();
    for (path, text) in [
        ("package.json", "{ \"name\": \"demo\", \"private\": true }"),
        ("Cargo.toml", "[package]\nname = 'demo'\npublish = false\n"),
        ("pubspec.yaml", "name: demo\npublish_to: none\n"),
        ("pyproject.toml", "[project]\nname = 'demo'\nclassifiers = ['Private :: Do Not Upload']\n"),
        ("Demo.csproj", "<Project><PropertyGroup><IsPackable>false</IsPackable></PropertyGroup></Project>"),
    ] {
        let mut files = MemoryFiles::default();
        files.insert(path, text);
        assert!(rules.read(&files).manifests.list[0].is_private(), "{path}");
        let mut files = MemoryFiles::default();
        files.insert(
            path,
            text.replace("true", "false")
                .replace("= false", "= true")
                .replace(">false", ">true")
                .replace("none", "https://p.example")
                .replace("Private", "Public"),
        );
        assert!(!rules.read(&files).manifests.list[0].is_private(), "{path}");
    }
}
