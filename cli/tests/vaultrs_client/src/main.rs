//! What a service in Rust asks of a Vault, by vaultrs: every answer must come back as the crate's types.
//!
//! vaultrs_client KUBERNETES_HOST FOLDER: VAULT_ADDR, VAULT_TOKEN and VAULT_CACERT say where; the folder has kube-ca.pem,
//! csr.pem and jwt, a token of the account default/rust. Exit code 0 where all was as the real servers have it.

use std::{fmt::Debug, fs, path::Path, process::exit};
use vaultrs::api::auth::kubernetes::requests::{ConfigureKubernetesAuthRequest, CreateKubernetesRoleRequest};
use vaultrs::api::pki::requests::{GenerateRootRequest, SetRoleRequest, SignCertificateRequest};
use vaultrs::client::{Client, VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;
use vaultrs::{auth::kubernetes, pki, sys, token};

/// Where an expectation does not hold there is nothing to go on with.
fn check(holds: bool, what: impl Debug) {
    if !holds {
        println!("FAILED: {what:?}");
        exit(1);
    }
}

fn done<T>(what: &str, answer: Result<T, ClientError>) -> T {
    answer.unwrap_or_else(|error| {
        println!("FAILED: {what}: {error:?}");
        exit(1)
    })
}

/// What comes back instead of an answer has this status and these words.
fn refused<T: Debug>(what: &str, status: u16, words: &str, answer: Result<T, ClientError>) {
    match answer {
        Err(ClientError::APIError { code, errors }) => {
            check(code == status && errors.join(" ").contains(words), (what, code, errors))
        }
        other => check(false, (what, "expected", words, other)),
    }
}

fn open(token: Option<&str>) -> VaultClient {
    let mut settings = VaultClientSettingsBuilder::default();
    if let Some(token) = token {
        settings.token(token);
    }
    done("a client", VaultClient::new(settings.build().expect("settings")))
}

async fn set_up(root: &VaultClient, kubernetes_host: &str, authority: &str) {
    done("a mount", sys::mount::enable(root, "rust", "pki", None).await);
    check(done("mounts", sys::mount::list(root).await).contains_key("rust/"), "the mount");
    let mut ca = GenerateRootRequest::builder();
    ca.common_name("Root CA").key_type("ec").key_bits(256u64).ttl("700h");
    let made = done("a root", pki::cert::ca::generate(root, "rust", "internal", Some(&mut ca)).await);
    check(made.is_some_and(|made| made.certificate.starts_with("-----BEGIN")), "the root");
    let mut role = SetRoleRequest::builder();
    role.allowed_domains(vec!["svc".to_string()]).allow_subdomains(true).key_type("ec").max_ttl("1h");
    role.allowed_uri_sans(vec!["spiffe://domain.name/*".to_string()]);
    done("a role", pki::role::set(root, "rust", "mesh", Some(&mut role)).await);
    check(done("roles", pki::role::list(root, "rust").await).keys == ["mesh"], "roles");
    let rules = "path \"rust/issue/mesh\" { capabilities = [\"update\"] }\npath \"rust/sign/mesh\" { capabilities = [\"update\"] }";
    done("a policy", sys::policy::set(root, "rust", rules).await);
    check(done("a policy", sys::policy::read(root, "rust").await).rules == rules, "the policy");
    done("an auth mount", sys::auth::enable(root, "rust", "kubernetes", None).await);
    let mut config = ConfigureKubernetesAuthRequest::builder();
    config.kubernetes_ca_cert(authority);
    done("a config", kubernetes::configure(root, "rust", kubernetes_host, Some(&mut config)).await);
    check(done("a config", kubernetes::read_config(root, "rust").await).kubernetes_host == kubernetes_host, "the config");
    let mut bound = CreateKubernetesRoleRequest::builder();
    bound.bound_service_account_names(vec!["rust".to_string()]).bound_service_account_namespaces(vec!["default".to_string()]);
    bound.token_policies(vec!["rust".to_string()]).token_ttl("1h");
    done("a role", kubernetes::role::create(root, "rust", "app", Some(&mut bound)).await);
    check(done("a role", kubernetes::role::read(root, "rust", "app").await).token_ttl == 3600, "the auth role");
}

async fn log_in(jwt: &str) -> VaultClient {
    let mut service = open(Some(""));
    refused("no role", 400, "invalid role name \"absent\"", kubernetes::login(&service, "rust", "absent", jwt).await);
    refused("junk", 403, "permission denied", kubernetes::login(&service, "rust", "app", "junk").await);
    let login = done("a login", kubernetes::login(&service, "rust", "app", jwt).await);
    check(login.lease_duration == 3600 && login.token_policies == ["default", "rust"] && login.orphan, "the login");
    service.set_token(&login.client_token);
    check(done("a lookup", service.lookup().await).display_name == "rust-default-rust", "the lookup");
    check(done("a renewal", service.renew(Some("30m")).await).lease_duration == 1800, "the renewal");
    service
}

async fn leaves(root: &VaultClient, service: &VaultClient, csr: &str) {
    let mut options = SignCertificateRequest::builder();
    options.ttl("10m");
    let signed = done("a leaf", pki::cert::ca::sign(service, "rust", "mesh", csr, "a.svc", Some(&mut options)).await);
    check(signed.certificate.starts_with("-----BEGIN") && signed.ca_chain.is_some_and(|chain| chain.len() == 1), "the leaf");
    let stranger = pki::cert::ca::sign(service, "rust", "mesh", csr, "a.org", None).await;
    refused("a stranger", 400, "common name a.org not allowed by this role", stranger);
    refused("another role", 403, "permission denied", pki::cert::generate(service, "rust", "other", None).await);
    check(done("leaves", pki::cert::list(root, "rust").await).contains(&signed.serial_number), "the leaf is listed");
    check(done("it", pki::cert::read(root, "rust", &signed.serial_number).await).revocation_time == 0, "the leaf");
    check(done("it", pki::cert::revoke(root, "rust", &signed.serial_number).await).revocation_time > 0, "revoked");
    check(done("the list", pki::cert::crl::rotate(root, "rust").await).success, "the list");
    check(done("issuers", pki::issuer::list(root, "rust").await).keys.len() == 1, "issuers");
}

async fn all(host: &str, folder: &Path) {
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect(name);
    let root = open(None);
    set_up(&root, host, &read("kube-ca.pem")).await;
    let service = log_in(read("jwt").trim()).await;
    leaves(&root, &service, &read("csr.pem")).await;
    done("the end", token::revoke_self(&service).await);
    refused("a revoked token", 403, "permission denied", service.lookup().await);
    done("an auth mount goes", sys::auth::disable(&root, "rust").await);
    done("a mount goes", sys::mount::disable(&root, "rust").await);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(all(&arguments[1], Path::new(&arguments[2])));
}
