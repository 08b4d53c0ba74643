//! Scripts and the commands found in them.

use super::*;

/// The commands of a script, with words joined by `·`. A word that is not plain text is shown as its template or as `?`.
fn commands(script: &str, shell: Shell) -> Vec<String> {
    let show = |word: &ShellWord| {
        word.template(script).unwrap_or_else(|| match word.parts.as_slice() {
            [WordPiece::Variable(name)] => format!("${name}"),
            _ => "?".into(),
        })
    };
    parse(script, shell)
        .commands
        .iter()
        .map(|command| {
            let assignments = command.assignments.iter().map(|it| format!("{}={}", it.name, show(&it.value)));
            assignments.chain(command.words.iter().map(show)).collect::<Vec<_>>().join("·")
        })
        .collect()
}

#[test]
fn posix_scripts_become_commands() {
    for (script, expected) in [
        ("twine upload dist/*", &["twine·upload·dist/*"][..]),
        ("uv build && uv publish", &["uv·build", "uv·publish"]),
        ("twine \\\n  upload \\\n  dist/*\n", &["twine·upload·dist/*"]),
        ("A=1 B='x y' twine upload \"d/*\"", &["A=1·B=x y·twine·upload·d/*"]),
        ("twine upload -p ${{ secrets.T }} d", &["twine·upload·-p·${{ secrets.T }}·d"]),
        ("twine upload -p '${{ secrets.T }}'", &["twine·upload·-p·${{ secrets.T }}"]),
        ("twine upload --url=\"https://${{ vars.H }}/x\"", &["twine·upload·--url=https://${{ vars.H }}/x"]),
        ("twine upload -p \"$TOKEN\" ${OTHER} $(cat x)", &["twine·upload·-p·$TOKEN·$OTHER·?", "cat·x"]),
        ("if [ -f x ]; then twine upload; else echo no; fi", &["[·-f·x·]", "twine·upload", "echo·no"]),
        ("for f in *; do twine upload \"$f\"; done", &["twine·upload·$f"]),
        ("(cd x; twine upload)", &["cd·x", "twine·upload"]),
        ("echo 'twine upload' # twine upload", &["echo·twine upload"]),
        ("cat <<END\ntwine upload\nEND\ntrue", &["cat", "true"]),
        ("export A=b", &["A=b"]),
        ("a | b || c", &["a", "b", "c"]),
        ("a\r\nb\r\n", &["a", "b"]),
        ("", &[]),
    ] {
        assert_eq!(commands(script, Shell::Posix), expected, "{script}");
    }
}

#[test]
fn windows_shells_read_plain_commands() {
    for (script, shell, expected) in [
        ("twine upload `\n  dist/*", Shell::PowerShell, &["twine·upload·dist/*"][..]),
        ("# twine upload\nuv publish; echo 'x y'", Shell::PowerShell, &["uv·publish", "echo·x y"]),
        ("twine upload -p $env:TOKEN", Shell::PowerShell, &["twine·upload·-p·$TOKEN"]),
        ("if ($x) { uv publish }", Shell::PowerShell, &["if", "?", "uv·publish"]),
        ("@'\nuv publish\n'@", Shell::PowerShell, &["?"]),
        ("rem uv publish\r\nuv publish && echo %TOKEN%", Shell::Cmd, &["uv·publish", "echo·$TOKEN"]),
    ] {
        let found = commands(script, shell);
        let found: Vec<_> = found.iter().map(|line| if line.starts_with('@') { "?" } else { line.as_str() }).collect();
        assert_eq!(found, expected, "{script}");
    }
}

#[test]
fn conditional_commands_are_marked() {
    let script = parse("a\nif x; then b; fi\nc && d", Shell::Posix);
    let conditional: Vec<_> = script.commands.iter().map(|command| command.conditional).collect();
    assert_eq!(conditional, [false, false, true, false, true]);
}

#[test]
fn commands_whose_failure_is_tolerated_are_marked() {
    let tolerated = |script: &str| {
        let script = parse(script, Shell::Posix);
        script.commands.iter().map(|command| command.tolerated).collect::<Vec<_>>()
    };
    assert_eq!(tolerated("a || true"), [true, false]);
    assert_eq!(tolerated("a && b || echo none"), [true, true, false]);
    assert_eq!(tolerated("if a; then b; fi"), [true, false]);
    assert!(!tolerated("a || exit 1").contains(&true));
    assert!(!tolerated("a || { echo no; exit 1; }").contains(&true));
    assert_eq!(tolerated("a && b"), [false, false]);
}

#[test]
fn spans_cover_the_words() {
    let script = "true\ntwine upload -p ${{ secrets.TÖKEN }} 'a b'";
    let parsed = parse(script, Shell::Posix);
    let words: Vec<_> = parsed.commands[1].words.iter().map(|word| &script[word.span.clone()]).collect();
    assert_eq!(words, ["twine", "upload", "-p", "${{ secrets.TÖKEN }}", "'a b'"]);
    assert_eq!(&script[parsed.commands[1].span.clone()], &script[5..]);
}

#[test]
fn hostile_scripts_are_read_in_bounded_time() {
    for script in [
        "a && ".repeat(20_000),
        "$(".repeat(5_000),
        "(".repeat(10_000),
        "x".repeat(1_000_000),
        "if true; then\n".repeat(2_000),
    ] {
        let _ = parse(&script, Shell::Posix);
        let _ = parse(&script, Shell::PowerShell);
    }
}
