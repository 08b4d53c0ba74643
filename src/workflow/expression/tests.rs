//! Expressions and their values according to GitHub's reference.

use super::*;

/// Contains `github.event_name` and the prefix of `github.ref`; `secrets` are unknown.
struct Push;

impl Scope for Push {
    fn lookup(&self, path: &[&str]) -> Outcome {
        match path {
            ["github", "event_name"] => Outcome::text("push"),
            ["github", "ref"] => Outcome::with_prefix("refs/tags/", "`github.ref`"),
            ["inputs", _] => Outcome::Known(Value::Null),
            ["matrix"] => Outcome::Known(Value::Object(vec![("os".into(), Outcome::text("linux"))])),
            _ => Outcome::unknown(format!("`{}`", path.join("."))),
        }
    }

    fn status(&self, function: StatusFunction) -> Truth {
        Truth::from(matches!(function, StatusFunction::Success | StatusFunction::Always))
    }
}

fn value(text: &str) -> String {
    let Ok(expression) = Expression::parse(text) else { return "?".into() };
    match expression.evaluate(&Push) {
        Outcome::Known(Value::Text(text)) => format!("'{text}'"),
        Outcome::Known(Value::Null) => "null".into(),
        Outcome::Known(value) => coerce_text(&value),
        Outcome::Unknown(_) => "?".into(),
    }
}

#[test]
fn expressions_evaluate_as_github_does() {
    for (text, expected) in [
        ("1", "1"),
        ("0x10", "16"),
        ("-1.5", "-1.5"),
        ("'it''s'", "'it's'"),
        ("null", "null"),
        ("true", "true"),
        ("!true", "false"),
        ("!''", "true"),
        ("!0", "true"),
        ("1 == '1'", "true"),
        ("'' == 0", "true"),
        ("null == 0", "true"),
        ("true == 1", "true"),
        ("'true' == true", "false"),
        ("'abc' == 'ABC'", "true"),
        ("'a' < 'B'", "true"),
        ("'abc' == 0", "false"),
        ("'abc' < 1", "false"),
        ("2 > 1", "true"),
        ("1 >= 1 && 1 <= 1", "true"),
        ("1 != 2", "true"),
        ("'a' && 'b'", "'b'"),
        ("'' && 'b'", "''"),
        ("'a' || 'b'", "'a'"),
        ("'' || 'b'", "'b'"),
        ("false || ''", "''"),
        ("true && 'yes' || 'no'", "'yes'"),
        ("github.event_name", "'push'"),
        ("GitHub.event_name", "'push'"),
        ("github['event_name']", "'push'"),
        ("inputs.x", "null"),
        ("inputs.x == ''", "true"),
        ("matrix.os", "?"),
        ("fromJSON('{\"os\":\"mac\"}').os", "'mac'"),
        ("fromJSON('[1,2]')[1]", "2"),
        ("fromJSON('[1,2]')[5]", "null"),
        ("fromJSON('[{\"a\":1},{\"a\":2},{\"b\":3}]').*.a", "Array"),
        // Without the `*`, a list has no properties.
        ("fromJSON('[{\"a\":1},{\"a\":2}]').a", "null"),
        ("fromJSON('{\"l\":[{\"a\":1}]}').l.a", "null"),
        ("join(fromJSON('[{\"a\":[1,2]},{\"a\":[3,4]}]').*.a[0], '-')", "'1-3'"),
        ("join(fromJSON('{\"x\":{\"p\":1},\"y\":{\"p\":2}}').*.*, '-')", "'1-2'"),
        ("join(fromJSON('[{\"a\":1},{\"a\":2}]').*.a, '-')", "'1-2'"),
        ("join(fromJSON('[1,2]'))", "'1,2'"),
        ("format('{0}-{1}-{{x}}', 1, 'b')", "'1-b-{x}'"),
        ("contains('Hello', 'ELL')", "true"),
        ("contains(fromJSON('[\"a\",\"b\"]'), 'B')", "true"),
        ("contains(fromJSON('[\"a\",\"b\"]'), 'c')", "false"),
        ("startsWith('refs/tags/v1', 'refs/TAGS')", "true"),
        ("endsWith('v1.0', '.0')", "true"),
        ("case(false, 1, true, 2, 3)", "2"),
        ("case(false, 1, 3)", "3"),
        ("toJSON('a')", "'\"a\"'"),
        ("hashFiles('**')", "?"),
        // Numbers as GitHub writes and reads them.
        ("-9.2", "-9.2"),
        ("2.99e2", "299"),
        ("0xff", "255"),
        ("'0xff' == 255", "true"),
        ("' 12 ' == 12", "true"),
        ("'1e3' == 1000", "true"),
        ("'x' == 0", "false"),
        ("'x' != 0", "true"),
        ("1.50 == '1.5'", "true"),
        ("format('{0}', 1.50)", "'1.5'"),
        // Types meet as numbers; lists and objects are never equal.
        ("null == false", "true"),
        ("'' == false", "true"),
        ("'' == null", "true"),
        ("true == '1'", "true"),
        ("true > false", "true"),
        ("null >= 0", "true"),
        ("fromJSON('[]') == fromJSON('[]')", "false"),
        ("fromJSON('{}') == '{}'", "false"),
        // What binds how.
        ("!false && false", "false"),
        ("!(false && false)", "true"),
        ("1 < 2 == true", "true"),
        ("true || false && false", "true"),
        ("(true || false) && false", "false"),
        // Lists and objects are true, whatever they hold.
        ("fromJSON('[]') && 'x'", "'x'"),
        ("fromJSON('{}') && 'x'", "'x'"),
        ("fromJSON('0') || 'x'", "'x'"),
        // Properties: without case, null where there is none.
        ("fromJSON('{\"A\":{\"b\":1}}').a.B", "1"),
        ("fromJSON('{\"a-b\":1}')['A-B']", "1"),
        ("fromJSON('{\"a\":1}').b.c.d", "null"),
        ("fromJSON('{\"a\":[{\"n\":1},{\"n\":2}]}').a[1].n", "2"),
        ("join(fromJSON('{\"x\":{\"n\":1},\"y\":{\"n\":2}}').*.n, '+')", "'1+2'"),
        // Functions turn what they are given into texts.
        ("contains(fromJSON('[1,2]'), '1')", "true"),
        ("contains('abc', '')", "true"),
        ("contains(123, 2)", "true"),
        ("startsWith(null, '')", "true"),
        ("startsWith('abc', 'abcd')", "false"),
        ("endsWith('ABC', 'bc')", "true"),
        ("format('{0}{1}{0}', 'a', 'b')", "'aba'"),
        ("format('{0}', null)", "''"),
        ("format('{0}', fromJSON('[1]'))", "'Array'"),
        ("format('{{{0}}}', 'x')", "'{x}'"),
        ("join('a', '-')", "'a'"),
        ("join(fromJSON('[true,null,1]'), '-')", "'true--1'"),
        ("toJSON(true)", "'true'"),
        ("toJSON(null)", "'null'"),
        ("fromJSON('true') == true", "true"),
        ("fromJSON('\"a\"')", "'a'"),
        ("fromJSON('nonsense')", "?"),
        ("success()", "true"),
        ("always()", "true"),
        ("failure()", "false"),
        ("cancelled()", "false"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn unknown_operands_matter_only_if_the_result_depends_on_them() {
    for (text, expected) in [
        ("secrets.A", "?"),
        ("!secrets.A", "?"),
        ("false && secrets.A", "false"),
        ("secrets.A && false", "false"),
        ("true && secrets.A", "?"),
        ("true || secrets.A", "true"),
        ("secrets.A || true", "true"),
        ("secrets.A || 'x'", "?"),
        ("!(secrets.A || 'x')", "false"),
        ("secrets.A == 'x'", "?"),
        ("startsWith(github.ref, 'refs/tags/')", "true"),
        ("startsWith(github.ref, 'refs/tags/v')", "?"),
        ("startsWith(github.ref, 'refs/heads/')", "false"),
        ("github.ref == 'refs/heads/main'", "false"),
        ("github.ref != 'refs/heads/main'", "true"),
        ("github.ref == 'refs/tags/v1'", "?"),
        ("contains(github.ref, 'tags')", "true"),
        ("contains(github.ref, 'v1')", "?"),
        ("contains(github.ref, 'v1') && 'yes' || 'no'", "?"),
        ("contains(github.ref, 'refs/heads/')", "false"),
        ("contains(github.ref, 'refs/tags/v1')", "?"),
        ("endsWith(github.ref, 'x')", "?"),
        ("github.event_name == 'push' && startsWith(github.ref, 'refs/tags')", "true"),
        ("format('{0}', secrets.A)", "?"),
        ("github.ref == format('refs/heads/{0}', secrets.A)", "false"),
        ("github.ref != format('refs/heads/{0}', secrets.A)", "true"),
        ("github.ref == format('refs/tags/{0}', secrets.A)", "?"),
        ("startsWith(format('v{0}', secrets.A), 'v')", "true"),
        ("secrets[github.ref]", "?"),
        ("case(secrets.A, 1, 2)", "?"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn conditions_imply_success_without_a_status_function() {
    struct Failed;
    impl Scope for Failed {
        fn lookup(&self, _: &[&str]) -> Outcome {
            Outcome::Known(Value::Bool(true))
        }
        fn status(&self, function: StatusFunction) -> Truth {
            Truth::from(matches!(function, StatusFunction::Always | StatusFunction::Failure))
        }
    }
    let holds = |text: &str| Condition::parse(text).unwrap().evaluate(&Failed);
    assert_eq!(holds("github.x"), Truth::No);
    assert_eq!(holds("${{ github.x }}"), Truth::No);
    assert_eq!(holds(""), Truth::No);
    assert_eq!(holds("always() && github.x"), Truth::Yes);
    assert_eq!(holds("${{ !success() }}"), Truth::Yes);
    // Text around an expression makes the whole a text, which is true.
    assert_eq!(Condition::parse("!${{ false }}").unwrap().evaluate(&Push), Truth::Yes);
    assert_eq!(Condition::parse("${{ false }}\n").unwrap().evaluate(&Push), Truth::Yes);
    assert_eq!(Condition::parse(" ${{ false }} ").unwrap().evaluate(&Push), Truth::No);
}

#[test]
fn templates_keep_types_and_list_references() {
    let lone = ExpressionTemplate::parse(" ${{ fromJSON('true') }} ").unwrap();
    assert_eq!(lone.evaluate(&Push), Outcome::Known(Value::Bool(true)));
    let text = "a-${{ github.event_name }}-${{ inputs.x }}";
    let template = ExpressionTemplate::parse(text).unwrap();
    assert_eq!(template.evaluate(&Push), Outcome::text("a-push-"));
    let reference = &template.references()[0];
    assert_eq!(
        (&text[reference.range.clone()], reference.path.join(".")),
        ("github.event_name", "github.event_name".into())
    );
    assert!(ExpressionTemplate::parse("${{ 'a}}' }}").unwrap().evaluate(&Push) == Outcome::text("a}}"));
    assert!(ExpressionTemplate::parse("${{ github.ref").is_err());
}

#[test]
fn hostile_expressions_terminate() {
    let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(Expression::parse(&deep).is_err());
    let long = vec!["a"; 5_000].join("||");
    assert_eq!(value(&long), "?");
    let comparisons = vec!["1"; 5_000].join("==");
    assert_eq!(value(&comparisons), "?");
    assert!(Expression::parse(&"x".repeat(30_000)).is_err());
}

#[test]
fn a_path_is_read_as_the_library_reads_it() {
    let texts = [
        ("github.event_name", true),
        (" GitHub.EVENT_name\n", true),
        ("inputs.a-b", true),
        ("matrix.os", true),
        ("a.b.c.d_1", true),
        ("foo.true", true),
        ("_a._b", true),
        ("github", false),
        ("true.a", false),
        ("Infinity.a", false),
        ("a.1", false),
        ("a.-b", false),
        ("a.b c", false),
        ("a . b", false),
        ("a..b", false),
        (".a", false),
        ("a.", false),
        ("a.*", false),
        ("a.b()", false),
        ("a.\u{e9}", false),
        ("\u{a0}a.b", false),
        ("\u{b}a.b", false),
        ("1.5", false),
        ("", false),
    ];
    for (text, is_path) in texts {
        let path = PropertyPath::parse(text);
        assert_eq!(path.is_some(), is_path, "{text}");
        let Some(path) = path else { continue };
        let expression = Expr::parse(text).unwrap();
        assert_eq!(path.evaluate(&Push), evaluate::evaluate(&expression, &Push, 0), "{text}");
        let mut references = Vec::new();
        evaluate::references(&expression, &mut references);
        assert_eq!([path.reference()], references.as_slice(), "{text}");
    }
}
