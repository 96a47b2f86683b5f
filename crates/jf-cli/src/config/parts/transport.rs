//! How clients reach the server: TLS, host names, proxies in front.

use std::net::SocketAddr;

use http::Uri;
use jf_binding_http::{CertificateHeader, Hosts, TrustedProxies};
use jf_dsl::Diagnostic;
use serde_json::Value;

use super::super::{Config, faults, kind};
use crate::server::{ClientAuth, TlsFiles};

const CERTIFICATE: &str = "http.tls.certificate";
const KEY: &str = "http.tls.key";
const CLIENT_CA: &str = "http.tls.clientCa";
const PROXIES: &str = "http.proxies.addresses";
const HEADER: &str = "http.proxies.certificateHeader";

impl Config {
    /// The files of TLS; `None` when the server speaks plain HTTP.
    #[must_use]
    pub fn tls(&self) -> Option<TlsFiles> {
        let (certificate, key) = (self.file_at(CERTIFICATE)?, self.file_at(KEY)?);
        let auth = match self.text("http.tls.clientAuth").as_str() {
            "optional" => ClientAuth::Optional,
            _ => ClientAuth::Required,
        };
        let clients = self.file_at(CLIENT_CA).map(|file| (file, auth));
        Some(TlsFiles { certificate, key, clients, http2: self.flag("http.tls.http2") })
    }

    /// Whether every client is known by its certificate.
    pub(crate) fn knows_all_clients(&self) -> bool {
        self.tls().is_some_and(|files| matches!(files.clients, Some((_, ClientAuth::Required))))
    }

    /// Whether clients may be known by certificates.
    pub(super) fn knows_certificates(&self) -> bool {
        self.get(CLIENT_CA).is_some() || self.get(HEADER).is_some()
    }

    /// What the address of the server begins with.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.get(CERTIFICATE).is_some() { "https" } else { "http" }
    }

    /// The proxies that are believed, if any is.
    #[must_use]
    pub fn proxies(&self) -> Option<TrustedProxies> {
        let name = self.optional_text(HEADER)?;
        let name = name.parse().expect("the kind of the key was checked");
        let header = match self.text("http.proxies.certificateForm").as_str() {
            "pem" => CertificateHeader::pem(name),
            _ => CertificateHeader::rfc9440(name),
        };
        Some(TrustedProxies::new(self.texts(PROXIES), header).expect("the kind of the key was checked"))
    }

    /// The host names that a server at the address answers to.
    #[must_use]
    pub fn hosts(&self, listener: SocketAddr) -> Hosts {
        if !listener.ip().is_loopback() && self.get("http.allowedHosts").is_none() {
            return Hosts::default();
        }
        let base = self.optional_text("publicBaseUrl").and_then(|base| base.parse::<Uri>().ok());
        let public = base.as_ref().and_then(Uri::host).filter(|host| !host.starts_with('['));
        let names = self.texts("http.allowedHosts");
        let names = names.iter().map(String::as_str).chain(public);
        Hosts::only(names).expect("the kinds of the keys were checked")
    }

    /// Values that mean nothing without others, and those that mean harm together with others.
    pub(super) fn transport_contradictions(&self) -> Vec<Diagnostic> {
        let is_given = |key: &str| self.values.contains_key(key);
        let fault = |key: &str, message: String| self.fault_at(key, &faults::CONTRADICTION, message);
        let needs = [
            (CERTIFICATE, KEY, "a certificate is of no use without its private key"),
            (KEY, CERTIFICATE, "a private key is of no use without its certificate"),
            (CLIENT_CA, CERTIFICATE, "clients show certificates over TLS only"),
            ("http.tls.clientAuth", CLIENT_CA, "no client is asked for a certificate"),
            (HEADER, PROXIES, "a header is believed from known proxies only"),
            (PROXIES, HEADER, "there is nothing they could tell"),
            ("http.proxies.certificateForm", HEADER, "there is nothing they could tell"),
        ];
        let needs = needs.into_iter().filter(|(key, other, _)| is_given(key) && !is_given(other));
        let mut found: Vec<_> =
            needs.map(|(key, other, why)| fault(key, format!("`{key}` needs `{other}`: {why}"))).collect();
        for key in ["http.allowedOrigins", "websocket.allowedOrigins"] {
            if self.knows_certificates() && self.texts(key).iter().any(|origin| origin == kind::ALL) {
                let why = "every page would act with the certificates of its visitors (ORG-3)";
                let message = format!("`{key}` must not be `[\"*\"]` where clients have certificates: {why}");
                found.push(fault(key, message));
            }
        }
        let to_self = |rule: &Value| rule.get("to").is_some_and(|to| to == kind::SELF);
        if is_given(CERTIFICATE) && self.list("connectors.http.rewrite").iter().any(to_self) {
            let message = "`connectors.http.rewrite` has `to: self`, which no certificate is for: with `http.tls` name the \
                           public address of the server";
            found.push(fault("connectors.http.rewrite", message.to_owned()));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use jf_dsl::SourceFile;

    use super::super::super::Config;
    use crate::server::ClientAuth;

    const TLS: &str = "http.tls: {certificate: server.pem, key: server.key}\n";
    const MTLS: &str = "http.tls: {certificate: server.pem, key: server.key, clientCa: ca.pem}\n";

    fn read(text: &str) -> (Config, Vec<String>) {
        let (config, faults) = Config::read(&SourceFile::new("jf.yaml", text));
        (config, faults.iter().map(|fault| fault.message.clone()).collect())
    }

    #[test]
    fn files_of_tls_lie_beside_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jf.yaml");
        std::fs::write(&file, MTLS).unwrap();
        let (config, faults) = Config::from_path(&file).unwrap();
        assert!(faults.is_empty());
        let files = config.tls().unwrap();
        assert_eq!(files.certificate, folder.path().join("server.pem"));
        assert_eq!(files.clients, Some((folder.path().join("ca.pem"), ClientAuth::Required)));
        assert!(files.http2 && config.knows_all_clients() && config.scheme() == "https");
        let optional = read(&format!("{MTLS}http.tls.clientAuth: optional\n")).0;
        assert!(!optional.knows_all_clients() && optional.knows_certificates());
        assert!(Config::default().tls().is_none() && Config::default().scheme() == "http");
    }

    #[test]
    fn org_3_values_that_mean_nothing_or_harm_are_refused() {
        let star = format!("{MTLS}http.allowedOrigins: [\"*\"]\nwebsocket.allowedOrigins: [\"*\"]\n");
        let proxied = "http.proxies: {addresses: [::1], certificateHeader: Client-Cert}\nhttp.allowedOrigins: [\"*\"]\n";
        let to_self = format!("{TLS}connectors.http.rewrite: [{{from: http://a.example, to: self}}]\n");
        for (text, told) in [
            ("http.tls.certificate: a\n", &["`http.tls.certificate` needs `http.tls.key`"][..]),
            ("http.tls.key: a\n", &["`http.tls.key` needs `http.tls.certificate`"]),
            ("http.tls.clientCa: a\n", &["`http.tls.clientCa` needs `http.tls.certificate`"]),
            ("http.tls.clientAuth: optional\n", &["`http.tls.clientAuth` needs `http.tls.clientCa`"]),
            ("http.proxies.addresses: [::1]\n", &["needs `http.proxies.certificateHeader`"]),
            ("http.proxies.certificateHeader: Client-Cert\n", &["needs `http.proxies.addresses`"]),
            (&star, &["`http.allowedOrigins` must not be", "`websocket.allowedOrigins` must not be"]),
            (proxied, &["`http.allowedOrigins` must not be"]),
            (&to_self, &["`to: self`, which no certificate is for"]),
            (TLS, &[]),
            (MTLS, &[]),
        ] {
            let found = read(text).1;
            assert_eq!(found.len(), told.len(), "{text}: {found:?}");
            assert!(found.iter().zip(told).all(|(found, told)| found.contains(told)), "{text}: {found:?}");
        }
    }

    #[test]
    fn http_028_a_loopback_listener_answers_to_local_names_and_what_it_is_told() {
        let judged = |text: &str, listener: &str, host: &str| {
            let hosts = read(text).0.hosts(listener.parse().unwrap());
            hosts.judge(&Request::get("/").header("host", host).body(()).unwrap()).is_ok()
        };
        let (local, public) = ("127.0.0.1:8080", "0.0.0.0:8080");
        let (base, listed) =
            ("publicBaseUrl: https://api.example:8443/base\n", "http.allowedHosts: [a.example]\n");
        assert!(judged("", local, "localhost:8080") && judged("", local, "[::1]:8080"));
        assert!(!judged("", local, "api.example") && judged(base, local, "api.example:8443"));
        assert!(judged(listed, local, "a.example") && !judged(listed, local, "b.example"));
        assert!(judged("", public, "anything.example") && judged(base, public, "anything.example"));
        assert!(judged(listed, public, "a.example") && !judged(listed, public, "b.example"));
        let both = format!("{base}{listed}");
        assert!(judged(&both, public, "api.example") && judged(&both, public, "a.example"));
        let literal = "publicBaseUrl: 'http://[::1]:8080'\n";
        assert!(judged(literal, local, "[::1]") && !judged(literal, local, "a.example"));
    }
}
