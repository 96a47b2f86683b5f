//! `jf store`, beside a server that is at work on the file.

use crate::support::{Served, WAITING, folder, jf};

#[tokio::test]
async fn a_file_is_checked_and_copied_while_a_server_has_it() {
    let folder =
        folder(&[("waiting.journey.yaml", WAITING), ("text.db", "this is no database, and never was one")]);
    let arguments = [".", "--listen", "127.0.0.1:0", "--store", "sqlite:runs.db"];
    let served = Served::start(folder.path(), &arguments).await;
    let checked = jf(folder.path(), &["store", "check", "runs.db"]);
    assert_eq!((checked.status, checked.err.as_str()), (0, ""), "{checked}");
    assert!(
        checked.out.starts_with("version 4, epoch ")
            && checked.out.ends_with(": 0 runs (0 ended), 0 events\n")
    );
    let copied = jf(folder.path(), &["store", "backup", "runs.db", "copy.db"]);
    assert_eq!((copied.status, copied.out.as_str()), (0, "copy.db\n"), "{copied}");
    assert_eq!(jf(folder.path(), &["store", "check", "copy.db"]).out, checked.out);

    // ENG-102
    for (arguments, told) in [
        (&["store", "restored", "runs.db"][..], "has it open; one process at a time runs its journeys"),
        (&["store", "backup", "runs.db", "copy.db"], "a backup never replaces a file"),
        (&["store", "check", "text.db"], "it is not a SQLite database"),
        (&["store", "check", "nowhere.db"], "there is no such file"),
    ] {
        let refused = jf(folder.path(), arguments);
        assert_eq!((refused.status, refused.out.as_str()), (1, ""), "{refused}");
        assert!(refused.err.contains(told) && refused.err.contains("\nhelp: "), "{refused}");
    }
    served.signal("TERM");
    let (status, _, log) = served.end().await;
    assert_eq!(status, 0);
    assert!(log.contains("runs.db") && log.contains("runs live in this file"), "{log}");

    // ENG-108
    let restored = jf(folder.path(), &["store", "restored", "copy.db"]);
    assert_eq!(restored.status, 0, "{restored}");
    assert_ne!(jf(folder.path(), &["store", "check", "copy.db"]).out, checked.out, "another epoch");
}
