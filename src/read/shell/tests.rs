//! Scripts and the commands found in them.

#![allow(clippy::unwrap_used)]

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
        ("env A=b C=\"$D\" twine upload", &["A=b·C=$D·env·twine·upload"]),
        ("env -i A=b uv publish", &["env·-i·A=b·uv·publish"]),
        ("bash -ec 'uv build; uv publish'", &["bash·-ec·uv build; uv publish", "uv·build", "uv·publish"]),
        ("sh -c \"uv $A\"", &["sh·-c·?"]),
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
        ("$env:A = 'b c'\nuv publish", Shell::PowerShell, &["A=b c", "uv·publish"]),
        ("$ENV:A=\"b\"; $env:C = $env:D", Shell::PowerShell, &["A=b", "C=$D"]),
        ("$env:A = Get-Content a\n$env:B += 'c'\n$env:C = (b)", Shell::PowerShell, &["A=?", "B=?", "C=?", "b"]),
        ("$a = 'b'\necho $env:A", Shell::PowerShell, &["?·=·b", "echo·$A"]),
        ("set A=b\nset \"C=d e\"\nset F=g h\nset /a I=1", Shell::Cmd, &["A=b", "C=d e", "F=?", "set·/a·I=1"]),
        ("rem uv publish\r\nuv publish && echo %TOKEN%", Shell::Cmd, &["uv·publish", "echo·$TOKEN"]),
    ] {
        let found = commands(script, shell);
        let found: Vec<_> = found.iter().map(|line| if line.starts_with('@') { "?" } else { line.as_str() }).collect();
        assert_eq!(found, expected, "{script}");
    }
}

#[test]
fn lists_of_words_are_expanded() {
    for (script, expected) in [
        ("a=(--x \"y z\")\nrun \"${a[@]}\" end", "run·--x·y z·end"),
        ("a=()\nrun ${a[@]} end", "run·end"),
        ("a=(one)\na+=(--t \"$T\" ${{ inputs.x }})\nrun \"${a[@]}\"", "run·one·--t·$T·${{ inputs.x }}"),
        ("set -u\na=(--x)\nrun ${a[@]+\"${a[@]}\"}", "run·--x"),
        ("a=(one)\n[ -n \"$X\" ] && a+=(two)\nrun \"${a[@]}\"", "run·one·$@"),
        ("a=(one)\nif [ -n \"$X\" ]; then a=(two); fi\nrun \"${a[@]}\"", "run·$@"),
        ("mapfile -t a < list\nrun \"${a[@]}\"", "run·$@"),
        ("declare -A a=([x]=y)\nrun \"${a[@]}\"", "run·$@"),
        ("run \"${unknown[@]}\"", "run·$@"),
        ("a=\"--x  y\"\nrun $a \"$a\" ${a}", "run·--x·y·$a·--x·y"),
        ("a=\"--x 'y z'\"\nrun $a", "run·$a"),
        ("[ -n \"$Y\" ] && a=\"--x y\"\nrun $a", "run·$a"),
    ] {
        let last = commands(script, Shell::Posix).into_iter().rfind(|command| command.starts_with("run"));
        assert_eq!(last.as_deref(), Some(expected), "{script}");
    }
}

#[test]
fn variables_of_powershell_have_their_values() {
    for (script, expected) in [
        ("$source = 'https://a'\nrun -s $Source", "run·-s·https://a"),
        ("$key = $env:KEY\nrun -k $key \"$key\"", "run·-k·$KEY·$KEY"),
        ("$a = 'x'\nif ($b) { $a = 'y' }\nrun $a", "run·?"),
        ("$a = 'x'\n$a += 'y'\nrun $a", "run·?"),
        ("param([string] $Key, [string]$Source = \"https://a\")\nrun $Key $Source", "run·?·?"),
    ] {
        let last = commands(script, Shell::PowerShell).into_iter().rfind(|command| command.starts_with("run"));
        assert_eq!(last.as_deref(), Some(expected), "{script}");
    }
}

#[test]
fn parameters_of_powershell_have_the_values_of_the_call() {
    let script = "<# help #>\n[CmdletBinding()]\nparam (\n  [Parameter(Mandatory = $true)] [string] $Key,\n  \
                  [ValidateSet('a', 'b')][string]$Mode = 'a',\n  [switch]$Dry,\n  $Count = 3\n)\nrun $Key $Mode $Count";
    for (arguments, expected) in [
        ("secret", ["secret", "a", "?"]),
        ("-Dry -KEY secret b", ["secret", "b", "?"]),
        ("-Mode b -Key $env:TOKEN -Count 4", ["$TOKEN", "b", "4"]),
        ("-Mo b -Key x", ["x", "?", "?"]),
        ("@all", ["?", "?", "?"]),
        ("", ["?", "a", "?"]),
    ] {
        let words = parse(&format!("x {arguments}"), Shell::PowerShell).commands.remove(0).words;
        let invocation = ShellInvocation { arguments: words[1..].to_vec(), open: false, callers: None };
        let found = parse_called(script, Shell::PowerShell, &invocation).commands;
        let show = |word: &ShellWord| match word.parts.as_slice() {
            [WordPiece::Variable(name)] => format!("${name}"),
            _ => word.text().unwrap_or_else(|| "?".into()),
        };
        let words = &found.iter().find(|command| command.words[0].text().as_deref() == Some("run")).unwrap().words;
        assert_eq!(words[1..].iter().map(show).collect::<Vec<_>>(), expected, "{arguments}");
    }
}

#[test]
fn functions_of_powershell_have_parameters_of_their_own() {
    let words = parse("x outer", Shell::PowerShell).commands.remove(0).words;
    let invocation = ShellInvocation { arguments: words[1..].to_vec(), open: false, callers: None };
    for (script, expected) in [
        ("param($Key)\nfunction Push {\n  param([string]$Key)\n  run $Key\n}\nPush inner", "?"),
        ("param($Key)\nfunction Push($Key) { run $Key }\nPush inner", "?"),
        ("function Push {\n  param($Key)\n  run $Key\n}\nPush inner", "?"),
        ("param($Key)\nfunction Push($Other) { run $Key }\nPush inner", "outer"),
        ("param($Key)\nfunction Push($Key) { echo }\nrun $Key", "outer"),
    ] {
        let commands = parse_called(script, Shell::PowerShell, &invocation).commands;
        let run = commands.iter().find(|command| command.words[0].text().as_deref() == Some("run")).unwrap();
        assert_eq!(run.words[1].text().unwrap_or_else(|| "?".into()), expected, "{script}");
    }
}

#[test]
fn assignments_count_where_they_certainly_ran() {
    let value = |script: &str, shell: Shell| {
        let commands = crate::read::script::with_exports(parse(script, shell));
        let run = commands.into_iter().rfind(|command| command.words[0].text().as_deref() == Some("run")).unwrap();
        run.assignments.iter().rfind(|it| it.name == "A").map(|it| it.value.text().unwrap_or_else(|| "?".into()))
    };
    for (script, expected) in [
        ("export A=b\nrun", Some("b")),
        ("[ -n \"$X\" ] && export A=b\nrun", Some("?")),
        ("cd dist && export A=b\nrun", Some("b")),
        ("make || export A=b\nrun", Some("?")),
        ("if [ \"$X\" ]; then export A=b; fi\nrun", Some("?")),
        ("if [ \"$X\" ]; then export A=b; run; fi", Some("b")),
        ("if [ \"$X\" ]; then export A=b; else export A=c; run; fi", Some("c")),
        ("export A=a\ncase $X in x) export A=b;; esac\nrun", Some("?")),
        ("(export A=b)\nrun", Some("?")),
        ("f() { export A=b; }\nf\nrun", Some("b")),
        ("for x in 1 2; do export A=b; done\nrun", Some("b")),
        ("run", None),
    ] {
        assert_eq!(value(script, Shell::Posix).as_deref(), expected, "{script}");
    }
    for (script, expected) in [
        ("$env:A = 'b'\nrun", Some("b")),
        ("if ($x) { $env:A = 'b' }\nrun", Some("?")),
        ("if ($x) { $env:A = 'b'; run }", Some("b")),
    ] {
        assert_eq!(value(script, Shell::PowerShell).as_deref(), expected, "{script}");
    }
    assert_eq!(value("if x==y (set A=b)\nrun", Shell::Cmd).as_deref(), Some("?"));
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
        (0..2_000).map(|number| format!("f{number}() {{ f{0}; f{0}; }}\n", number + 1)).collect::<String>() + "f0",
        "f() { a; }\n".to_owned() + &"f\n".repeat(50_000),
        "while [ $# -ge 0 ]; do x=a$x; ".repeat(50) + &"done; ".repeat(50),
        "for i in 1 2 3 4 5 6 7 8 9; do ".repeat(12) + "a; " + &"done; ".repeat(12),
        "x=$(a)\n".repeat(20_000),
    ] {
        let _ = parse(&script, Shell::Posix);
        let _ = parse(&script, Shell::PowerShell);
    }
}

/// The commands that run when a script is called with some arguments. A conditional one ends with `?`.
fn called(script: &str, arguments: &str) -> Vec<String> {
    let arguments = parse(&format!("x {arguments}"), Shell::Posix).commands.remove(0).words.split_off(1);
    let invocation = ShellInvocation { arguments, open: false, callers: None };
    let commands = parse_called(script, Shell::Posix, &invocation).commands;
    let orders: Vec<usize> = commands.iter().map(|command| command.order).collect();
    assert!(orders.is_sorted(), "{orders:?}");
    let known = |command: &&ShellCommand| {
        command.words.first().and_then(ShellWord::text).is_some_and(|word| !matches!(word.as_str(), "[" | "shift"))
    };
    let show = |command: &ShellCommand| {
        let words = command.words.iter().map(|word| word.text().unwrap_or_else(|| "$".into()));
        words.collect::<Vec<_>>().join(" ") + if command.conditional { "?" } else { "" }
    };
    commands.iter().filter(known).map(show).collect()
}

#[test]
fn arguments_decide_branches() {
    let case = "case \"$1\" in\n  build|pack*) npm pack;;\n  publish) npm publish;;\n  *) echo usage; exit 1;;\nesac\necho end\n";
    for (script, arguments, expected) in [
        (case, "publish", &["npm publish", "echo end"][..]),
        (case, "build", &["npm pack", "echo end"]),
        (case, "packing", &["npm pack", "echo end"]),
        (case, "test", &["echo usage"]),
        (case, "", &["echo usage"]),
        (case, "\"$X\"", &["npm pack?", "npm publish?", "echo usage?", "echo end"]),
        (case, "$X", &["npm pack?", "npm publish?", "echo usage?", "echo end"]),
        ("case $1 in a) x;;& *) y;; esac", "a", &["x", "y?"]),
        ("case $1 in a) x;& b) y;; c) z;; esac", "a", &["x", "y?"]),
        ("case $1 in $A) x;; a) y;; esac", "a", &["x?", "y?"]),
        ("if [ \"$1\" = release ]; then npm publish; else npm pack; fi", "release", &["npm publish"]),
        ("if [ \"$1\" = release ]; then npm publish; else npm pack; fi", "test", &["npm pack"]),
        ("if [ \"$1\" = release ]; then npm publish; else npm pack; fi", "\"$X\"", &["npm publish?", "npm pack?"]),
        ("if [[ $1 == re* && -n $2 ]]; then npm publish; fi", "release x", &["npm publish"]),
        ("if [[ $1 == re* && -n $2 ]]; then npm publish; fi", "release", &[]),
        ("if [[ \"$1\" != x || $Y ]]; then npm publish; fi", "a", &["npm publish"]),
        ("if ! [ \"$1\" = a ]; then b; elif [ -n \"$2\" ]; then c; else d; fi", "a b", &["c"]),
        ("if [ $# -eq 0 ]; then echo usage; exit 1; fi\nnpm publish", "", &["echo usage"]),
        ("if [ $# -eq 0 ]; then echo usage; exit 1; fi\nnpm publish", "a", &["npm publish"]),
        ("if grep -q x y; then exit 0; fi\nnpm publish", "", &["grep -q x y", "npm publish"]),
        ("[ \"$1\" = a ] && npm publish\n[ \"$1\" = a ] || npm pack", "a", &["npm publish"]),
        ("[ \"$1\" = a ] && npm publish\n[ \"$1\" = a ] || npm pack", "b", &["npm pack"]),
        ("mode=${1:-publish}\n[ $mode = publish ] && npm publish", "", &["npm publish"]),
        ("mode=${1:-publish}\n[ $mode = publish ] && npm publish", "dry", &[]),
        ("mode=\"$1\"; shift\ncase $mode in p) npm publish \"$@\";; esac", "p --tag x", &["npm publish --tag x"]),
        ("if $X; then m=a; else m=b; fi\n[ $m = a ] && npm publish", "", &["npm publish?"]),
        (
            "while [ $# -gt 0 ]; do case $1 in --publish) P=1;; esac; shift; done\n[ \"$P\" = 1 ] && npm publish",
            "--x --publish",
            &["npm publish"],
        ),
        (
            "P=0; while [ $# -gt 0 ]; do case $1 in --publish) P=1;; esac; shift; done\n[ \"$P\" = 1 ] && npm publish",
            "--x",
            &[],
        ),
        (
            "P=0; for a in \"$@\"; do [ $a = y ] && P=1; done; if [ $P = 1 ]; then npm publish; fi",
            "x y",
            &["npm publish"],
        ),
        ("P=0; for a in *; do P=1; done; if [ $P = 1 ]; then npm publish; fi", "", &["npm publish?"]),
        ("P=0; while read x; do [ $P = 1 ] && npm publish; P=1; done", "", &["read x", "npm publish?"]),
        (
            "while true; do case $1 in --) shift; break;; *) shift;; esac; done\nnpm publish $1",
            "-x -- y",
            &["true", "npm publish y"],
        ),
        ("npm publish ${1:-.} $2 \"$3\" \"${@:4}\"", "", &["npm publish . "]),
        ("npm publish \"$@\"", "a $X", &["npm publish a $"]),
        ("npm $1 a${2}c", "publish b", &["npm publish abc"]),
    ] {
        assert_eq!(called(script, arguments), expected, "{script} {arguments}");
    }
}

#[test]
fn nothing_runs_after_the_end_of_a_script() {
    for (script, expected) in [
        ("a\nexit 0\nnpm publish", &["a"][..]),
        ("(exit 1); npm publish", &["npm publish"]),
        ("a | exit 1; npm publish", &["a", "npm publish"]),
        ("x=$(exit 1); npm publish", &["npm publish"]),
        ("a || exit 1\nnpm publish", &["a", "npm publish"]),
        ("true || exit 1\nnpm publish", &["true", "npm publish"]),
        ("{ a; exit; }\nnpm publish", &["a"]),
        ("exec npm publish\nnever", &["exec npm publish"]),
        ("exec 2>&1\nnpm publish", &["exec", "npm publish"]),
        ("f() { a; exit; }\nf\nnpm publish", &["a"]),
        ("f() { a; return; never; }\nf\nnpm publish", &["a", "npm publish"]),
    ] {
        assert_eq!(called(script, ""), expected, "{script}");
    }
}

#[test]
fn functions_run_where_they_are_called() {
    for (script, arguments, expected) in [
        ("f() { npm publish; }\na", "", &["a"][..]),
        ("f() { npm publish; }\nf", "", &["npm publish"]),
        ("function f { npm publish \"$1\"; }\nb; f x; f y; f x", "", &["b", "npm publish x", "npm publish y"]),
        ("f() { npm publish; }\nif $X; then f; fi", "", &["npm publish?"]),
        ("f() { npm publish; }\na && f\nf", "", &["a", "npm publish"]),
        ("build() { npm pack; }\npublish() { npm publish; }\n\"$1\"", "build", &["npm pack"]),
        ("build() { npm pack; }\npublish() { npm publish; }\n\"$@\"", "publish x", &["npm publish"]),
        ("build() { npm pack; }\npublish() { npm publish; }\n$X", "", &["npm pack?", "npm publish?"]),
        ("do_a() { a; }\nb() { b2; }\n\"do_$X\"", "", &["a?"]),
        ("main() { case $1 in p) npm publish;; *) npm pack;; esac; }\nmain \"$@\"", "p", &["npm publish"]),
        ("main() { case $1 in p) npm publish;; *) npm pack;; esac; }\nmain \"$@\"", "x", &["npm pack"]),
        ("a() { b; }\nb() { npm publish; }\nc() { a; }\na", "", &["npm publish"]),
        ("a() { a; b; }\nb() { b; a; npm publish; }\na", "", &["npm publish"]),
        ("retry() { shift; \"$@\"; }\np() { npm publish $1; }\nretry 3 p x", "", &["npm publish x"]),
        ("p() { npm publish; }\nretry 3 p x", "", &["retry 3 p x", "npm publish?"]),
        ("p() { npm publish; }\ntrap 'p; a' EXIT\necho p", "", &["trap p; a EXIT", "npm publish?", "echo p"]),
        ("p() { npm publish; }\necho p", "", &["echo p"]),
        ("p() { local m=$1; [ $m = a ] && npm publish; }\nm=b; p a; [ $m = a ] && never", "", &["npm publish"]),
        ("p() { npm publish; }\nif [ \"$1\" = p ]; then p; fi", "x", &[]),
        ("p() { if $X; then m=a; return; fi; m=b; }\np\n[ $m = a ] && npm publish", "", &["npm publish?"]),
    ] {
        let found: Vec<String> = called(script, arguments).into_iter().filter(|line| !line.starts_with('$')).collect();
        assert_eq!(found, expected, "{script} {arguments}");
    }
}

#[test]
fn sourced_functions_run_where_the_other_script_calls_them() {
    let script = "p() { npm publish $1; }\nq() { npm pack; }";
    let found = |other: &str, open: bool| {
        let mut calls = std::collections::BTreeMap::<String, Vec<_>>::new();
        for mut command in parse(other, Shell::Posix).commands {
            let program = command.words.remove(0).text().unwrap();
            calls.entry(program).or_default().push((command.words, command.conditional));
        }
        let callers = FunctionCallers { calls, open, ..FunctionCallers::default() };
        let invocation = ShellInvocation { callers: Some(callers), ..ShellInvocation::default() };
        let commands = parse_called(script, Shell::Posix, &invocation).commands;
        let show = |command: &ShellCommand| (command.words.len(), command.conditional);
        commands.iter().map(show).collect::<Vec<_>>()
    };
    assert_eq!(found("p x", false), [(3, false)]);
    assert_eq!(found("a && q", false), [(2, true)]);
    assert_eq!(found("a", false), []);
    assert_eq!(found("a", true).len(), 2);
}

#[test]
fn powershell_functions_run_if_something_names_them() {
    for (script, expected) in [
        ("function Publish-It {\n  npm publish\n}\nnpm pack", &["npm·pack"][..]),
        ("function Publish-It($x) {\n  npm publish\n}\npublish-it 1", &["?", "npm·publish", "publish-it·1"]),
        ("function A { npm publish }\nfunction B { A }\nnpm pack", &["npm·pack"]),
        ("function A { npm publish }\nfunction B { A }\nB", &["npm·publish", "A", "B"]),
        ("function A { npm publish }\n& $Target", &["npm·publish", "?"]),
        ("npm pack\nexit 0\nnpm publish", &["npm·pack", "exit·0"]),
        ("if ($x) { exit 0 }\nnpm publish", &["if", "?", "exit·0", "npm·publish"]),
        ("a || exit 1\nnpm publish", &["a", "exit·1", "npm·publish"]),
    ] {
        assert_eq!(commands(script, Shell::PowerShell), expected, "{script}");
    }
    let script = "call :p\nexit /b\n:p\nnpm publish";
    assert_eq!(commands(script, Shell::Cmd), ["call·:p", "exit·/b", ":p", "npm·publish"]);
    assert_eq!(commands("a || exit /b 1\nnpm publish", Shell::Cmd), ["a", "exit·/b·1", "npm·publish"]);
    assert_eq!(commands("a\nexit /b\nnpm publish", Shell::Cmd), ["a", "exit·/b"]);
}
