//! Files that can be used, and files that cannot: each with its reason, and nothing in its place.

use std::fs;
use std::path::Path;

use crate::support::Folder;
use futures::executor::block_on;
use jf_store::Store;
use jf_store_sqlite::{
    Check, OpenError, OpenErrorKind, SqliteConfig, SqliteStore, Synchronous, backup, check, restored,
};
use rusqlite::Connection;

fn refused(path: &Path) -> OpenError {
    SqliteStore::open(&SqliteConfig::new(path)).expect_err("the file cannot be used")
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(&SqliteConfig::new(path)).unwrap()
}

#[test]
fn eng_108_a_file_keeps_its_epoch_and_claims_grow() {
    let folder = Folder::new();
    let path = folder.file();
    let read = |store: &SqliteStore| {
        block_on(async { (store.epoch().await.unwrap(), store.claim().await.unwrap()) })
    };
    let (epoch, claim) = read(&open(&path));
    for config in [
        SqliteConfig::new(&path).with_synchronous(Synchronous::Normal),
        SqliteConfig::new(&path).with_check(Check::Full),
    ] {
        let (again, later) = read(&SqliteStore::open(&config).unwrap());
        assert_eq!(again, epoch);
        assert!(later > claim);
    }
    let announced = restored(&path).unwrap();
    assert_ne!(announced, epoch);
    assert_eq!(read(&open(&path)).0, announced);
}

#[test]
fn eng_102_a_file_in_use_is_refused_until_it_is_given_back() {
    let folder = Folder::new();
    let path = folder.file();
    let first = open(&path);
    let error = refused(&path);
    assert_eq!(error.kind(), OpenErrorKind::InUse);
    assert!(error.to_string().ends_with("this process has it open already"), "{error}");
    // Under another name it is the same file.
    let link = folder.path().join("link.db");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(refused(&link).kind(), OpenErrorKind::InUse);
    }
    assert_eq!(restored(&path).unwrap_err().kind(), OpenErrorKind::InUse);
    drop(first);
    open(&path);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = Folder::new();
    let error = refused(&folder.path().join("nowhere/runs.db"));
    assert_eq!(error.kind(), OpenErrorKind::Missing);
    assert!(error.to_string().contains("there is no folder `"), "{error}");
    assert_eq!(refused(folder.path()).kind(), OpenErrorKind::Io);
}

#[test]
fn other_files_are_left_as_they_are() {
    let folder = Folder::new();
    let text = folder.file();
    fs::write(&text, "store: memory\n".repeat(100)).unwrap();
    assert_eq!(refused(&text).kind(), OpenErrorKind::NotADatabase);
    assert_eq!(fs::read_to_string(&text).unwrap(), "store: memory\n".repeat(100));

    let foreign = folder.file();
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE notes (text)").unwrap();
    let before = fs::read(&foreign).unwrap();
    let error = refused(&foreign);
    assert_eq!(error.kind(), OpenErrorKind::Foreign, "{error}");
    assert_eq!(fs::read(&foreign).unwrap(), before);
}

#[test]
fn a_file_of_a_later_version_is_refused() {
    let folder = Folder::new();
    let path = folder.file();
    drop(open(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = refused(&path);
    assert_eq!(error.kind(), OpenErrorKind::NewerVersion);
    assert!(error.to_string().contains("it has version 99, written by a later release"), "{error}");
}

#[test]
fn a_lock_of_another_program_is_named() {
    let folder = Folder::new();
    let path = folder.file();
    drop(open(&path));
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "locking_mode", "EXCLUSIVE").unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(refused(&path).kind(), OpenErrorKind::Locked);
    drop(other);
    open(&path);
}

/// What runs carry is nobody's business who may not read the database itself.
#[cfg(unix)]
#[test]
fn the_journal_is_made_with_the_rights_of_the_database() {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o600, 0o640, 0o666] {
        let folder = Folder::new();
        let path = folder.file();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        drop(open(&path));
        let journal = folder.path().join(format!("{}-commits", path.file_name().unwrap().display()));
        assert_eq!(fs::metadata(journal).unwrap().permissions().mode() & 0o777, mode, "{mode:o}");
    }
}

/// Tells a process that may not write everything which file to open.
const OPEN_WITHOUT_RIGHTS: &str = "JF_TEST_OPEN_WITHOUT_RIGHTS";

#[cfg(unix)]
#[test]
fn a_file_or_folder_that_must_not_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let read_only = |path: &Path| {
        let error = refused(path);
        assert_eq!(error.kind(), OpenErrorKind::ReadOnly, "{error}");
    };
    if let Some(path) = std::env::var_os(OPEN_WITHOUT_RIGHTS) {
        return read_only(Path::new(&path));
    }
    let folder = Folder::new();
    let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let path = folder.file();
    drop(open(&path));
    let rights = [
        // The file, in a folder that may be written; then the folder, with a file that may.
        (0o444, 0o777),
        (0o666, 0o555),
    ];
    for (file, around) in rights {
        for entry in fs::read_dir(folder.path()).unwrap() {
            allow(&entry.unwrap().path(), 0o666);
        }
        allow(&path, file);
        allow(folder.path(), around);
        if fs::OpenOptions::new().write(true).open(&path).is_ok() && file == 0o444 {
            // Whoever runs as root may write everything: somebody else has to try.
            as_nobody(&path);
        } else if file == 0o444 || fs::write(folder.path().join("other"), "").is_err() {
            read_only(&path);
        } else {
            fs::remove_file(folder.path().join("other")).unwrap();
            fs::remove_file(folder.path().join("runs-0.db-lock")).unwrap();
            as_nobody(&path);
        }
        allow(folder.path(), 0o755);
    }
}

/// Opens the file in a process of a user without rights.
#[cfg(unix)]
fn as_nobody(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    // Nobody may not be able to reach the folder this program was built into.
    let tools = tempfile::tempdir().unwrap();
    fs::set_permissions(tools.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = tools.path().join("opening");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let tried = std::process::Command::new(&program)
        .args(["--exact", "opening::a_file_or_folder_that_must_not_be_written_is_refused"])
        .env(OPEN_WITHOUT_RIGHTS, path)
        .current_dir("/")
        .uid(65_534)
        .gid(65_534)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&tried.stdout);
    assert!(tried.status.success() && told.contains("1 passed"), "{tried:?}");
}

#[test]
fn damage_is_found_when_the_file_is_opened() {
    let folder = Folder::new();
    let path = folder.file();
    drop(open(&path));
    let whole = fs::read(&path).unwrap();

    fs::write(&path, &whole[..whole.len() - 4096]).unwrap();
    let error = refused(&path);
    assert_eq!(error.kind(), OpenErrorKind::Corrupt, "cut off: {error}");

    let mut damaged = whole.clone();
    let last = damaged.len() - 4096;
    damaged[last..last + 200].fill(0xff);
    fs::write(&path, &damaged).unwrap();
    let error = refused(&path);
    assert_eq!(error.kind(), OpenErrorKind::Corrupt, "overwritten: {error}");
    assert!(!check(&path).is_ok_and(|report| report.faults.is_empty()));

    fs::write(&path, &whole).unwrap();
    open(&path);
}

#[test]
fn a_backup_is_whole_and_replaces_nothing() {
    let folder = Folder::new();
    let (path, copy) = (folder.file(), folder.file());
    let store = open(&path);
    let claim = block_on(store.claim()).unwrap();
    backup(&path, &copy).unwrap();
    assert_eq!(backup(&path, &copy).unwrap_err().kind(), OpenErrorKind::Exists);
    assert_eq!(backup(&path, &path).unwrap_err().kind(), OpenErrorKind::Exists);
    assert_eq!(backup(folder.file(), &copy).unwrap_err().kind(), OpenErrorKind::Missing);
    assert_eq!(check(&copy).unwrap(), check(&path).unwrap());
    let restored = open(&copy);
    assert_eq!(block_on(restored.epoch()).unwrap(), block_on(store.epoch()).unwrap());
    assert!(block_on(restored.claim()).unwrap() > claim);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("part")), "{left:?}");
}

#[test]
fn a_check_tells_what_does_not_fit_together() {
    let folder = Folder::new();
    let path = folder.file();
    drop(open(&path));
    assert_eq!(check(&path).unwrap().faults, Vec::<String>::new());
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("INSERT INTO event (run, seq, document) VALUES (7, 1, x'00'), (7, 3, x'00')")
        .unwrap();
    assert_eq!(check(&path).unwrap().faults, ["logs with a hole: 1", "events without a run: 1"]);
}
