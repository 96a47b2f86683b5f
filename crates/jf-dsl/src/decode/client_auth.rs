//! `spec.policies.httpClientAuth.definitions` (DEF-136 to DEF-141).

use std::sync::Arc;

use super::{Decoder, Place};
use crate::ids::SecretRef;
use crate::model::ordered::OrderedMap;
use crate::model::policy::{
    ClientAuth, Oauth2ClientCredentials, PemRef, TokenAuth, TokenAuthMethod, TrustAnchor,
};
use crate::rules::{policies as rules, shape};
use crate::value::file_ref::FileRef;

#[derive(Debug, Clone, Copy)]
enum Kind {
    BearerStatic,
    Oauth2ClientCredentials,
    MtlsClient,
}

const KINDS: [(&str, Kind); 3] = [
    ("bearerStatic", Kind::BearerStatic),
    ("oauth2ClientCredentials", Kind::Oauth2ClientCredentials),
    ("mtlsClient", Kind::MtlsClient),
];

const METHODS: [(&str, TokenAuthMethod); 3] = [
    ("clientSecretPost", TokenAuthMethod::ClientSecretPost),
    ("clientSecretBasic", TokenAuthMethod::ClientSecretBasic),
    ("tlsClientAuth", TokenAuthMethod::TlsClientAuth),
];

impl Decoder<'_> {
    /// One way to authenticate calls (DEF-136).
    pub(super) fn client_auth(&mut self, place: &Place<'_>) -> Option<ClientAuth> {
        self.object(place, "DEF-136")?;
        let kind = self.required(place, "kind", "DEF-136");
        match kind.and_then(|place| self.one_of(&place, "DEF-136", &KINDS))? {
            Kind::BearerStatic => {
                self.known(place, &["kind", "tokenRef"]);
                let token_ref = self.required_secret(place, "tokenRef", "DEF-137")?;
                Some(ClientAuth::BearerStatic { token_ref })
            }
            Kind::Oauth2ClientCredentials => {
                self.client_credentials(place).map(ClientAuth::Oauth2ClientCredentials)
            }
            Kind::MtlsClient => {
                self.known(place, &["kind", "clientCertRef", "trustAnchors"]);
                let client_cert_ref = self.required_secret(place, "clientCertRef", "DEF-137");
                let anchors = place.get("trustAnchors");
                let trust_anchors = anchors.map(|place| self.trust_anchors(&place)).unwrap_or_default();
                Some(ClientAuth::MtlsClient { client_cert_ref: client_cert_ref?, trust_anchors })
            }
        }
    }

    /// DEF-138 and DEF-139.
    fn client_credentials(&mut self, place: &Place<'_>) -> Option<Oauth2ClientCredentials> {
        self.known(place, &["kind", "tokenEndpoint", "auth", "form"]);
        let endpoint = self.required(place, "tokenEndpoint", "DEF-138");
        let token_endpoint = endpoint.and_then(|place| self.token_endpoint(&place));
        let auth = self.required(place, "auth", "DEF-138").and_then(|place| self.token_auth(&place));
        let form = place.get("form").map(|place| self.token_form(&place)).unwrap_or_default();
        Some(Oauth2ClientCredentials { token_endpoint: token_endpoint?, auth: auth?, form })
    }

    fn token_endpoint(&mut self, place: &Place<'_>) -> Option<Arc<str>> {
        let text = self.non_empty(place, "DEF-138")?;
        if let Some(reason) = endpoint_fault(text, self.capabilities.development()) {
            self.report(place, rules::token_endpoint(reason));
            return None;
        }
        Some(Arc::clone(text))
    }

    fn token_auth(&mut self, place: &Place<'_>) -> Option<TokenAuth> {
        self.object(place, "DEF-138")?;
        self.known(place, &["method", "clientId", "clientSecretRef", "clientCertRef"]);
        let method_place = self.required(place, "method", "DEF-138");
        let method = method_place.as_ref().and_then(|place| self.one_of(place, "DEF-138", &METHODS));
        let client_id = self.required_text(place, "clientId", "DEF-138");
        let (method, method_place) = (method?, method_place?);
        let (needed, other) = match method {
            TokenAuthMethod::TlsClientAuth => ("clientCertRef", "clientSecretRef"),
            TokenAuthMethod::ClientSecretPost | TokenAuthMethod::ClientSecretBasic => {
                ("clientSecretRef", "clientCertRef")
            }
        };
        if let Some(other_place) = place.get(other) {
            let written = method_place.text().map_or("this method", |text| text);
            self.report_key(&other_place, rules::superfluous_credential(other, written, method_place.span()));
        }
        let credential = self.required_secret(place, needed, "DEF-138")?;
        let (client_secret_ref, client_cert_ref) = match method {
            TokenAuthMethod::TlsClientAuth => (None, Some(credential)),
            _ => (Some(credential), None),
        };
        Some(TokenAuth { method, client_id: client_id?, client_secret_ref, client_cert_ref })
    }

    fn token_form(&mut self, place: &Place<'_>) -> OrderedMap<String, Arc<str>> {
        let mut form = OrderedMap::default();
        if self.object(place, "DEF-139").is_none() {
            return form;
        }
        for (name, field) in place.entries() {
            let Some(text) = self.text(&field, "DEF-139") else { continue };
            if &**name == "grant_type" && &**text != "client_credentials" {
                self.report(&field, shape::not_one_of(text, &["client_credentials"]).rule("DEF-139"));
            }
            form.insert(name.as_ref().to_owned(), Arc::clone(text));
        }
        form
    }

    fn trust_anchors(&mut self, place: &Place<'_>) -> Vec<TrustAnchor> {
        if self.array(place, "DEF-137").is_none() {
            return Vec::new();
        }
        place.items().filter_map(|item| self.trust_anchor(&item)).collect()
    }

    fn trust_anchor(&mut self, place: &Place<'_>) -> Option<TrustAnchor> {
        self.object(place, "DEF-137")?;
        self.known(place, &["pemRef"]);
        let place = self.required(place, "pemRef", "DEF-137")?;
        let text = self.non_empty(&place, "DEF-141")?;
        let secret = SecretRef::parse(Arc::clone(text)).map(PemRef::Secret).ok();
        let file = || FileRef::parse(Arc::clone(text)).map(PemRef::File).ok();
        // A certificate in place is not a path, though much of it could be one.
        let found = secret.or_else(|| file().filter(|_| !text.contains("-----")));
        if found.is_none() {
            self.report(&place, rules::not_a_secret(true));
        }
        Some(TrustAnchor { pem_ref: found? })
    }

    /// A member that refers to a secret (DEF-141); `rule` says that it must be there.
    fn required_secret(
        &mut self,
        place: &Place<'_>,
        name: &'static str,
        rule: &'static str,
    ) -> Option<SecretRef> {
        let place = self.required(place, name, rule)?;
        self.secret(&place)
    }

    /// A reference to a secret (DEF-141).
    pub(super) fn secret(&mut self, place: &Place<'_>) -> Option<SecretRef> {
        let text = self.text(place, "DEF-141")?;
        let secret = SecretRef::parse(Arc::clone(text)).ok();
        if secret.is_none() {
            self.report(place, rules::not_a_secret(false));
        }
        secret
    }
}

/// What is wrong with the URL of a token endpoint (DEF-138).
fn endpoint_fault(text: &str, development: bool) -> Option<&'static str> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let https = scheme.eq_ignore_ascii_case("https");
    let http = scheme.eq_ignore_ascii_case("http");
    if !https && !http || host.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Some("expected an absolute `https` URL")
    } else if host.contains('@') {
        Some("the URL must not contain credentials")
    } else if http && !development {
        Some("the token endpoint must use `https`; `http` is for development mode only")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint_fault;

    #[test]
    fn def_138_token_endpoints_are_absolute_https_urls() {
        for good in ["https://id.example.com/token", "HTTPS://h:8443/t?x=y", "https://h"] {
            assert_eq!(endpoint_fault(good, false), None, "{good}");
        }
        for bad in
            ["/token", "id.example.com/token", "ftp://h/t", "https:///t", "https://h/a b", "https://u:p@h/"]
        {
            assert!(endpoint_fault(bad, true).is_some(), "{bad}");
        }
        assert!(endpoint_fault("http://localhost/t", false).is_some());
        assert_eq!(endpoint_fault("http://localhost/t", true), None);
    }
}
