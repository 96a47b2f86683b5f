use std::path::{Path, PathBuf};

use jiff::{Timestamp, ToSpan};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::{ClientAuth, TlsFiles};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let (certificate, key) = pair(2020, 2040);
        folder.write("good.pem", &certificate);
        folder.write("good.key", &key);
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    /// What is told of files with these names, without the folder.
    fn told(&self, certificate: &str, key: &str, authorities: Option<&str>) -> String {
        let path = |name: &str| -> PathBuf { self.0.path().join(name) };
        let clients = authorities.map(|name| (path(name), ClientAuth::Required));
        let files = TlsFiles { certificate: path(certificate), key: path(key), clients, http2: true };
        let now: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
        match files.read(now) {
            Ok((_, expires)) => format!("until {expires}"),
            Err(error) => error.to_string().replace(&*format!("{}/", self.0.path().display()), ""),
        }
    }
}

/// A certificate of its own issue for some years, and its key.
fn pair(from: i32, until: i32) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn authority(until: i32) -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = date_time_ymd(until, 1, 1);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap().pem()
}

#[test]
fn files_that_belong_together_are_taken() {
    let folder = Folder::new();
    folder.write("ca.pem", &(authority(2040) + &authority(2050)));
    for authorities in [None, Some("ca.pem")] {
        assert_eq!(folder.told("good.pem", "good.key", authorities), "until 2040-01-01T00:00:00Z");
    }
    let (leaf, key) = pair(2020, 2035);
    folder.write("chain.pem", &(leaf + &authority(2033)));
    folder.write("chain.key", &key);
    assert_eq!(folder.told("chain.pem", "chain.key", None), "until 2033-01-01T00:00:00Z");
}

#[test]
fn tsk_010_what_is_wrong_is_told_without_what_is_in_it() {
    let folder = Folder::new();
    let (other, key) = pair(2020, 2040);
    folder.write("other.key", &key);
    folder.write("old.pem", &pair(2020, 2025).0);
    folder.write("young.pem", &pair(2031, 2040).0);
    folder.write("chain.pem", &(other + &authority(2025)));
    folder.write("empty.pem", "\n");
    folder.write("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    folder.write("noise.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    folder.write("cut.key", &key[..key.len() / 2]);
    folder.write("noise.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    folder.write(
        "locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    folder.write("old-ca.pem", &authority(2025));
    for (certificate, key, authorities, told) in [
        ("none.pem", "good.key", None, "cannot read `none.pem`: there is no such file or folder"),
        ("good.pem", "none.key", None, "cannot read `none.key`: there is no such file or folder"),
        ("empty.pem", "good.key", None, "`empty.pem` holds no certificate in PEM form"),
        ("good.key", "good.key", None, "`good.key` holds no certificate in PEM form"),
        ("good.pem", "good.pem", None, "`good.pem` holds no private key in PEM form"),
        ("good.pem", "empty.pem", None, "`empty.pem` holds no private key in PEM form"),
        (
            "cut.pem",
            "good.key",
            None,
            "the certificate in `cut.pem` cannot be read: it is damaged or of an unknown kind",
        ),
        (
            "noise.pem",
            "good.key",
            None,
            "the certificate in `noise.pem` cannot be read: it is damaged or of an unknown kind",
        ),
        (
            "good.pem",
            "cut.key",
            None,
            "the private key in `cut.key` cannot be read: it is damaged or of an unknown kind",
        ),
        (
            "good.pem",
            "noise.key",
            None,
            "the private key in `noise.key` cannot be read: it is damaged or of an unknown kind",
        ),
        (
            "good.pem",
            "locked.key",
            None,
            "the private key in `locked.key` is encrypted; there is nobody to ask for the password",
        ),
        (
            "good.pem",
            "other.key",
            None,
            "the private key in `other.key` does not belong to the first certificate in `good.pem`",
        ),
        ("old.pem", "good.key", None, "certificate 1 in `old.pem` has expired on 2025-01-01T00:00:00Z"),
        (
            "young.pem",
            "good.key",
            None,
            "certificate 1 in `young.pem` is not valid before 2031-01-01T00:00:00Z",
        ),
        ("chain.pem", "other.key", None, "certificate 2 in `chain.pem` has expired on 2025-01-01T00:00:00Z"),
        ("good.pem", "good.key", Some("none.pem"), "cannot read `none.pem`: there is no such file or folder"),
        ("good.pem", "good.key", Some("empty.pem"), "`empty.pem` holds no certificate in PEM form"),
        (
            "good.pem",
            "good.key",
            Some("old-ca.pem"),
            "certificate 1 in `old-ca.pem` has expired on 2025-01-01T00:00:00Z",
        ),
    ] {
        assert_eq!(folder.told(certificate, key, authorities), told, "{certificate} {key} {authorities:?}");
    }
}

#[test]
fn what_was_read_holds_until_something_better_is() {
    let folder = Folder::new();
    let path = |name: &str| -> PathBuf { Path::new(folder.0.path()).join(name) };
    let year = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
    let write = |until: i16| {
        let (certificate, key) = pair(2020, i32::from(until));
        folder.write("server.pem", &certificate);
        folder.write("server.key", &key);
    };
    write(year + 2);
    let files =
        TlsFiles { certificate: path("server.pem"), key: path("server.key"), clients: None, http2: false };
    let tls = super::super::Tls::load(files).unwrap();
    let first = tls.expires();
    folder.write("server.pem", "");
    assert!(tls.reload().is_err());
    assert_eq!(tls.expires(), first);
    write(year + 3);
    tls.reload().unwrap();
    assert!(tls.expires() > first + (300 * 24).hours());
}
