use crate::support::{jf, root};

#[test]
fn explains_codes_of_the_language_and_of_the_configuration() {
    for code in ["JF3002", "jf6001"] {
        let ran = jf(&root(), &["explain", code]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        insta::assert_snapshot!(format!("explain_{code}"), ran.out);
        assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    }
}

#[test]
fn every_listed_code_has_a_page() {
    let list = jf(&root(), &["explain"]);
    assert_eq!(list.status, 0);
    let codes: Vec<&str> = list.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(codes.len() > 50);
    for code in codes {
        let page = jf(&root(), &["explain", code]);
        assert!(page.status == 0 && page.out.starts_with(code), "{code}: {page}");
    }
}

#[test]
fn an_unknown_code_gets_the_nearest_one_and_the_list() {
    let ran = jf(&root(), &["explain", "JF3020"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    let mut lines = ran.err.lines();
    assert_eq!(lines.next(), Some("error: there is no diagnostic code `JF3020`"));
    assert!(lines.next().is_some_and(|line| line.starts_with("help: did you mean JF30")), "{ran}");
    assert!(lines.any(|line| line.starts_with("  JF1001  ")), "{ran}");
}
