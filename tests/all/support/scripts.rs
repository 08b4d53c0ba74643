//! Files with scripts, each with the command that runs it. The fuzz targets use it too.

use super::judged::{assert_places_lie_in_their_files, rules};
use trustpub::lint::check;
use trustpub::read::files::MemoryFiles;

/// The readers of scripts: the file and the commands that run it.
pub const READERS: [(&str, &[&str]); 12] = [
    ("Makefile", &["make", "make publish", "make publish TEST=1 TOKEN=${{ secrets.T }}"]),
    ("justfile", &["just", "just publish v1", "just TAG=v1 publish"]),
    ("noxfile.py", &["nox -s publish"]),
    ("Rakefile", &["rake publish"]),
    ("package.json", &["npm run publish -- x", "pnpm -r publish"]),
    ("Taskfile.yml", &["task publish"]),
    ("tox.ini", &["tox -e publish"]),
    ("pyproject.toml", &["hatch run publish", "poe publish", "pdm run publish", "tox -e publish"]),
    ("publish.sh", &["./publish.sh publish", "bash publish.sh \"$X\" a", ". ./publish.sh"]),
    ("publish.ps1", &["./publish.ps1", "pwsh ./publish.ps1 -Key ${{ secrets.T }} one $X"]),
    ("publish.cmd", &["./publish.cmd"]),
    ("publish.py", &["python publish.py", "python -m publish"]),
];

/// Checks a project with a text as the file of a reader, and asserts that all places are inside their files.
pub fn read(file: &str, commands: &[&str], text: &[u8]) {
    let mut files = MemoryFiles::default();
    let mut workflow =
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    permissions: {id-token: write}\n    steps:\n"
            .to_owned();
    for command in commands {
        workflow.push_str("      - run: |\n          ");
        workflow.push_str(command);
        workflow.push('\n');
    }
    files.insert(".github/workflows/release.yml", workflow);
    files.insert(file, text);
    let project = rules().read(&files);
    assert_places_lie_in_their_files(&project, &check(&project, rules(), None));
}
