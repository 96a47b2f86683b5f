use crate::support::{jf, root};

/// Help is part of the interface: a change shows up in review.
#[test]
fn help_of_every_command() {
    for command in ["", "check", "serve", "run", "test", "explain", "export", "store"] {
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let ran = jf(&root(), &arguments);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        insta::assert_snapshot!(format!("help_{command}"), ran.out);
    }
}

#[test]
fn version_is_one_line() {
    let ran = jf(&root(), &["--version"]);
    assert_eq!((ran.status, ran.out), (0, format!("jf {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn wrong_usage_is_status_2_and_says_what_was_meant() {
    for (name, arguments) in [
        ("no_command", &[][..]),
        ("misspelt_command", &["serv"]),
        ("misspelt_flag", &["check", "--fromat", "json"]),
        ("bad_value", &["check", "x", "--format", "xml"]),
        ("later_command", &["journey", "start"]),
        ("dry_run_alone", &["check", "x", "--dry-run"]),
        ("dry_run_as_json", &["check", "x", "--fix", "--dry-run", "--format", "json"]),
    ] {
        let ran = jf(&root(), arguments);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{name}");
        insta::assert_snapshot!(format!("usage_{name}"), ran.err);
    }
}
