//! `jf check --fix`.

use std::fs;

use serde_json::Value;

use crate::support::{folder, jf};

/// Repairable, but for one error that nobody can repair without asking.
const MISTAKEN: &str = "\
apiVersion: v1
kind: Journey   # the kind
metadata: { name: mistaken, version: 1.0.0 }
spec:
  start: ask
  states:
    ask:
      type: wait
      wait:
        input: { schema: { type: object } } # anything
        default: done # the old place
    done: { type: Succeed }
    late: { type: fail, reason: never }
";

const REPAIRED: &str = "\
apiVersion: v1
kind: Journey   # the kind
metadata: { name: mistaken, version: 1.0.0 }
spec:
  start: ask
  states:
    ask:
      type: wait
      wait:
        input: { schema: { type: object } } # anything
      next: done # the old place
    done: { type: succeed }
    late: { type: fail, reason: never }
";

#[test]
fn sta_063_files_are_repaired_and_told_and_the_rest_is_reported() {
    let folder = folder(&[("mistaken.journey.yaml", MISTAKEN)]);
    let ran = jf(folder.path(), &["check", ".", "--fix"]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""), "{ran}");
    assert_eq!(fs::read_to_string(folder.path().join("mistaken.journey.yaml")).unwrap(), REPAIRED);
    insta::assert_snapshot!(ran.out);
    let again = jf(folder.path(), &["check", ".", "--fix"]);
    assert!(!again.out.contains("fixed"), "{again}");
    assert_eq!(fs::read_to_string(folder.path().join("mistaken.journey.yaml")).unwrap(), REPAIRED);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["mistaken.journey.yaml"], "nothing is left behind");
}

#[test]
fn status_0_when_everything_could_be_repaired() {
    let text = MISTAKEN.replace("    late: { type: fail, reason: never }\n", "");
    let folder = folder(&[("mistaken.journey.yaml", &text)]);
    let before = jf(folder.path(), &["check", "."]);
    assert!(before.status == 1 && before.out.contains("(2 fixable with `--fix`)"), "{before}");
    let ran = jf(folder.path(), &["check", ".", "--fix", "--deny-warnings"]);
    assert!(
        ran.status == 0 && ran.out.ends_with("fixed 2 problems in 1 file\n1 file checked, no problems\n"),
        "{ran}"
    );
}

#[test]
fn a_dry_run_prints_a_diff_and_changes_nothing() {
    let folder = folder(&[("sub/mistaken.journey.yaml", MISTAKEN)]);
    let ran = jf(folder.path(), &["check", ".", "--fix", "--dry-run"]);
    assert_eq!(ran.status, 1, "{ran}");
    insta::assert_snapshot!("dry_run_diff", ran.out);
    insta::assert_snapshot!("dry_run_told", ran.err);
    assert_eq!(fs::read_to_string(folder.path().join("sub/mistaken.journey.yaml")).unwrap(), MISTAKEN);
}

/// What `git apply` makes of the diff is what `--fix` writes, also with line ends of Windows and without a last one.
#[test]
fn the_diff_can_be_applied() {
    for text in [MISTAKEN.to_owned(), MISTAKEN.replace('\n', "\r\n"), MISTAKEN.trim_end().to_owned()] {
        let folder = folder(&[("mistaken.journey.yaml", &text)]);
        let diff = jf(folder.path(), &["check", ".", "--fix", "--dry-run"]).out;
        fs::write(folder.path().join("the.diff"), diff).unwrap();
        let applied = std::process::Command::new("git")
            .args(["apply", "the.diff"])
            .current_dir(folder.path())
            .env("GIT_CEILING_DIRECTORIES", folder.path().parent().unwrap())
            .output()
            .unwrap();
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
        let by_git = fs::read_to_string(folder.path().join("mistaken.journey.yaml")).unwrap();
        assert_ne!(by_git, text);
        fs::write(folder.path().join("mistaken.journey.yaml"), &text).unwrap();
        jf(folder.path(), &["check", ".", "--fix"]);
        assert_eq!(fs::read_to_string(folder.path().join("mistaken.journey.yaml")).unwrap(), by_git);
    }
}

#[test]
fn reports_for_tools_are_pure() {
    let folder = folder(&[("mistaken.journey.yaml", MISTAKEN)]);
    let ran = jf(folder.path(), &["check", ".", "--fix", "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["errors"], &report["warnings"]), (&1.into(), &1.into()));
    assert!(ran.err.contains("fixed ./mistaken.journey.yaml:11:9: move `wait.default` to `next` of the state (JF2011, STA-063)\n"), "{ran}");
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = folder(&[("real/mistaken.journey.yaml", MISTAKEN)]);
    let real = folder.path().join("real/mistaken.journey.yaml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.journey.yaml");
    symlink(&real, &link).unwrap();
    jf(folder.path(), &["check", "link.journey.yaml", "--fix"]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_to_string(&real).unwrap(), REPAIRED);
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_left_alone_and_told() {
    use std::os::unix::fs::PermissionsExt;

    let folder =
        folder(&[("a.journey.yaml", MISTAKEN), ("b.journey.yaml", &MISTAKEN.replace("mistaken", "other"))]);
    let path = folder.path().join("a.journey.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let ran = jf(folder.path(), &["check", ".", "--fix"]);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.err, "error: cannot write `./a.journey.yaml`: it is read-only\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), MISTAKEN);
    assert!(fs::read_to_string(folder.path().join("b.journey.yaml")).unwrap().contains("type: succeed"));
    assert!(
        ran.out.contains("fixed ./b.journey.yaml") && !ran.out.contains("fixed ./a.journey.yaml"),
        "{ran}"
    );
}

/// Files without a fault, or whose faults nobody can repair without asking, are not touched at all.
#[test]
fn files_without_repairs_are_not_written() {
    let folder = folder(&[("mistaken.journey.yaml", REPAIRED)]);
    let path = folder.path().join("mistaken.journey.yaml");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(jf(folder.path(), &["check", ".", "--fix"]).status, 1);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}
