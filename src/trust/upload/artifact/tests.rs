//! Tests of artifact contents and folders.

#![allow(clippy::unwrap_used)]

use super::*;

fn reaches(paths: &str, unpacked: &str, folder: &str) -> bool {
    ArtifactContent::packed(paths).may_reach(&FolderPath::parse(unpacked).unwrap(), &FolderPath::parse(folder).unwrap())
}

#[test]
fn a_folder_is_uploaded_without_its_own_name() {
    assert!(reaches("dist", "dist", "dist"));
    assert!(reaches("./dist/", "out", "out"));
    assert!(!reaches("dist", ".", "dist"));
    assert!(!reaches("python/dist/", "", "dist"));
    assert!(reaches("build", ".", "dist"), "`build` may contain a folder `dist`");
    assert!(reaches(".", ".", "dist"));
    assert!(!reaches("dist", "dist/packages", "dist"));
    assert!(!reaches("dist", "wheels", "dist"));
}

#[test]
fn files_keep_the_folders_that_their_globs_do_not_share() {
    assert!(reaches("dist/*.whl", "dist", "dist"));
    assert!(!reaches("dist/*.whl", ".", "dist"));
    assert!(!reaches("dist/*.whl\ndist/*.tar.gz", ".", "dist"));
    assert!(reaches("dist/*.whl\nREADME.md", ".", "dist"), "only the root is shared");
    assert!(reaches("a/dist/x.whl\na/notes.txt\n!a/dist/y.whl", ".", "dist"));
    assert!(!reaches("dist/x.whl", "dist/x", "dist"));
    assert!(reaches("dist/*", ".", "dist"), "it may match folders");
    assert!(reaches("**/dist/*.whl", ".", "dist"));
    assert!(reaches("/tmp/dist", ".", "dist"));
    assert!(reaches("", ".", "dist"));
}

#[test]
fn an_unknown_name_matches_any_folder() {
    let below = FolderPath::parse("dist").unwrap().with(None);
    assert!(!ArtifactContent::Any.may_reach(&below, &FolderPath::parse("dist").unwrap()));
    assert!(ArtifactContent::Any.may_reach(&below, &FolderPath::parse("dist/wheels").unwrap()));
    assert_eq!(below.to_string(), "dist/<artifact>");
    assert_eq!(FolderPath::default().to_string(), ".");
    for path in ["/dist", "../dist", "~/dist", "dist/*", "${{ x }}"] {
        assert_eq!(FolderPath::parse(path), None, "{path}");
    }
}
