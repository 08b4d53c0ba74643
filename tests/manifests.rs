//! Manifests of a checkout on disk by somebody who wants no reader to come to an end.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::symlink;

use trustpub::read::files::Disk;
use trustpub::read::manifest::{Field, Kind};
use trustpub::read::project::Project;

fn kind(yaml: &str) -> Kind {
    serde_yaml::from_str(yaml).unwrap()
}

/// The package that a file names, if that is known.
fn name(project: &Project, folder: &str) -> Option<String> {
    match project.manifests.field(folder, "package.json", "name") {
        Some(Field::Known(text, _)) => Some(text.to_owned()),
        Some(Field::Open(_)) => Some("open".into()),
        Some(Field::Absent) | None => None,
    }
}

#[test]
fn a_hostile_checkout_is_bounded_and_silent() {
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
    let disk = Disk::new(root).unwrap();
    let mut project = Project::load(&disk, None);
    let kinds = [
        kind("{file: package.json, format: json, name: [name]}"),
        kind("{file: pnpm-workspace.yaml, format: yaml, members: [packages]}"),
    ];
    project.gather(&disk, &kinds);
    assert!(project.unreadable.is_empty() && project.problems.is_empty());
    assert!(!project.manifests.complete() && project.manifests.list.len() <= 257);
    assert_eq!(name(&project, "").as_deref(), Some("open"));
    assert_eq!(name(&project, "big").as_deref(), Some("open"));
    assert_eq!(name(&project, "bytes").as_deref(), Some("open"));
    assert_eq!(name(&project, "p1").as_deref(), Some("x"));
    assert_eq!(name(&project, "out").as_deref(), None, "a link that leaves the repository");
}
