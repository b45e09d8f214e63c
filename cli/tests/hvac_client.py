"""hvac through PKI, Kubernetes auth and what lies around them. VAULT_ADDR, VAULT_TOKEN and KUBECONFIG say where.

hvac_client.py openbao|vault
"""

import os
import sys

import hvac
import kubernetes
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

product = sys.argv[1]
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print("FAILED:", what)


def refused(kind, text, call, *arguments, **options):
    """The call is refused with that exception of hvac's, and the server's words are in it."""
    try:
        answer = call(*arguments, **options)
    except kind as error:
        check(text in str(error), f"{call.__name__}: {error}, expected {text}")
    except Exception as error:
        check(False, f"{call.__name__}: {type(error).__name__} {error}, expected {kind.__name__}")
    else:
        check(False, f"{call.__name__} is not refused: {answer}")


def request_for(uri, key):
    san = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.add_extension(san, critical=False).sign(key, hashes.SHA256())


def pem(thing):
    return thing.public_bytes(serialization.Encoding.PEM).decode()


client = hvac.Client(verify=os.environ.get("VAULT_CACERT", True))
check(client.is_authenticated(), "the root token")
check(client.sys.is_initialized() and not client.sys.is_sealed(), "initialised and open")
health = client.sys.read_health_status(method="GET")
check(health["version"] == ("2.7.2" if product == "openbao" else "1.14.1"), "the version")
check(client.sys.read_health_status().status_code == 200, "health by HEAD")
check(client.sys.read_leader_status()["ha_enabled"] is False, "leader")

# Mounts.
client.sys.enable_secrets_engine("pki")
client.sys.enable_secrets_engine("pki", path="pki_int", config={"max_lease_ttl": "4380h"})
refused(hvac.exceptions.InvalidRequest, "path is already in use at pki/", client.sys.enable_secrets_engine, "pki")
client.sys.tune_mount_configuration("pki", max_lease_ttl="8760h")
check(client.sys.read_mount_configuration("pki")["data"]["max_lease_ttl"] == 8760 * 3600, "tune")
check("pki_int/" in client.sys.list_mounted_secrets_engines()["data"], "mounts")

# Root and intermediate.
pki = client.secrets.pki
root = pki.generate_root("internal", "svc", extra_params={"ttl": "8000h"})["data"]
check(pki.read_ca_certificate() == root["certificate"], "ca/pem")
check(x509.load_pem_x509_certificate(root["certificate"].encode()).subject.rfc4514_string() == "CN=svc", "the root")
check(pki.read_ca_certificate_chain().strip() == root["certificate"].strip(), "ca_chain")
urls = {"issuing_certificates": ["http://x/ca"], "crl_distribution_points": ["http://x/crl"]}
pki.set_urls(urls)
check(pki.read_urls()["data"]["issuing_certificates"] == ["http://x/ca"], "urls")
csr = pki.generate_intermediate("internal", "svc Intermediate", mount_point="pki_int")["data"]["csr"]
signed = pki.sign_intermediate(csr, "svc Intermediate", extra_params={"ttl": "4000h", "format": "pem_bundle"})["data"]
check(len(signed["ca_chain"]) == 2, "the intermediate's chain")
installed = pki.set_signed_intermediate(signed["certificate"], mount_point="pki_int")
check(
    (
        installed.status_code == 200
        if hasattr(installed, "status_code")
        else len(installed["data"]["imported_issuers"]) == 2
    ),
    "set-signed",
)
issuer = x509.load_pem_x509_certificate(pki.read_ca_certificate(mount_point="pki_int").encode())
# hvac nests what it is given under "expiry", which no server takes.
refused(
    hvac.exceptions.InvalidRequest,
    'for field "expiry"',
    pki.set_crl_configuration,
    {"expiry": "48h"},
    mount_point="pki_int",
)
check(pki.read_crl_configuration(mount_point="pki_int")["data"]["expiry"] == "72h", "crl configuration")

# Roles and leaves.
role = {
    "allowed_domains": "svc",
    "allow_subdomains": True,
    "allowed_uri_sans": "spiffe://domain.name/*",
    "key_type": "ec",
    "key_bits": 256,
    "require_cn": False,
    "max_ttl": "720h",
}
pki.create_or_update_role("web", role, mount_point="pki_int")
check(pki.read_role("web", mount_point="pki_int")["data"]["max_ttl"] == 720 * 3600, "role")
check(pki.list_roles(mount_point="pki_int")["data"]["keys"] == ["web"], "roles")
check(client.adapter.request("get", "v1/pki_int/roles?list=true")["data"]["keys"] == ["web"], "roles, without LIST")

key = ec.generate_private_key(ec.SECP256R1())
uri = "spiffe://domain.name/ns/shop/sa/web"
# hvac always sends a common_name.
leaf = pki.sign_certificate("web", pem(request_for(uri, key)), "", mount_point="pki_int", extra_params={"ttl": "1h"})[
    "data"
]
certificate = x509.load_pem_x509_certificate(leaf["certificate"].encode())
certificate.verify_directly_issued_by(issuer)
check(certificate.public_key() == key.public_key(), "the leaf's key")
san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
check(san.value.get_values_for_type(x509.UniformResourceIdentifier) == [uri] and san.critical, "the leaf's SPIFFE ID")
check(len(leaf["ca_chain"]) == 2, "the leaf's chain")
refused(
    hvac.exceptions.InvalidRequest,
    "unknown role: absent",
    pki.sign_certificate,
    "absent",
    "x",
    "",
    mount_point="pki_int",
)
refused(
    hvac.exceptions.InvalidRequest,
    "common name x.org not allowed by this role",
    pki.generate_certificate,
    "web",
    "x.org",
    mount_point="pki_int",
)
issued = pki.generate_certificate("web", "a.svc", extra_params={"ttl": "1h", "uri_sans": uri}, mount_point="pki_int")[
    "data"
]
own = serialization.load_pem_private_key(issued["private_key"].encode(), None)
check(own.public_key() == x509.load_pem_x509_certificate(issued["certificate"].encode()).public_key(), "the issued key")
verbatim = pki.sign_verbatim(pem(request_for("spiffe://other/x", key)), mount_point="pki_int")["data"]
check("BEGIN CERTIFICATE" in verbatim["certificate"], "sign-verbatim")
verbatim = pki.sign_verbatim(pem(request_for("spiffe://other/x", key)), name="web", mount_point="pki_int")["data"]
check("BEGIN CERTIFICATE" in verbatim["certificate"], "sign-verbatim by a role")
check(leaf["serial_number"] in pki.list_certificates(mount_point="pki_int")["data"]["keys"], "certificates")
check(
    pki.read_certificate(leaf["serial_number"], mount_point="pki_int")["data"]["revocation_time"] == 0, "a certificate"
)
refused(hvac.exceptions.InvalidPath, "", pki.read_certificate, "01:02:03", mount_point="pki_int")

# Revocation.
check(pki.revoke_certificate(leaf["serial_number"], mount_point="pki_int")["data"]["state"] == "revoked", "revoke")
refused(hvac.exceptions.InvalidRequest, "not found", pki.revoke_certificate, "01:02:03", mount_point="pki_int")
text = requests.get(f"{client.url}/v1/pki_int/crl/pem", verify=client.session.verify, timeout=30).text
crl = x509.load_pem_x509_crl(text.encode())
check(crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None, "the leaf is in the CRL")
check(crl.is_signature_valid(issuer.public_key()), "the CRL's signature")
check(pki.rotate_crl(mount_point="pki_int")["data"]["success"] is True, "rotate")
check(pki.tidy({"tidy_cert_store": True, "safety_buffer": "1s"}, mount_point="pki_int").status_code == 202, "tidy")

# Issuers.
issuers = pki.list_issuers(mount_point="pki_int")["data"]["keys"]
check(len(issuers) == 2, "issuers")
first = pki.read_issuer("default", mount_point="pki_int")["data"]
pki.update_issuer("default", {"issuer_name": "int1", "leaf_not_after_behavior": "truncate"}, mount_point="pki_int")
check(pki.read_issuer("int1", mount_point="pki_int")["data"]["issuer_id"] == first["issuer_id"], "an issuer by name")
refused(
    hvac.exceptions.InternalServerError,
    "unable to find PKI issuer for reference: absent",
    pki.read_issuer,
    "absent",
    mount_point="pki_int",
)
check(pki.revoke_issuer("int1", mount_point="pki_int")["data"]["revoked"] is True, "a revoked issuer")
refused(
    hvac.exceptions.InternalServerError,
    "issuing-certificates",
    pki.sign_certificate,
    "web",
    pem(request_for(uri, key)),
    "",
    mount_point="pki_int",
)
pki.delete_issuer("int1", mount_point="pki_int")
check(len(pki.list_issuers(mount_point="pki_int")["data"]["keys"]) == 1, "one issuer is left")

# Another's CA: submitted, self-issued, and gone.
client.sys.enable_secrets_engine("pki", path="pki_own")
exported = pki.generate_root("exported", "own", mount_point="pki_own")["data"]
client.sys.enable_secrets_engine("pki", path="pki_copy")
pki.submit_ca_information(exported["private_key"] + "\n" + exported["certificate"], mount_point="pki_copy")
check(pki.read_ca_certificate(mount_point="pki_copy") == exported["certificate"], "a submitted CA")
check(
    "BEGIN CERTIFICATE" in pki.sign_self_issued(exported["certificate"], mount_point="pki_copy")["data"]["certificate"],
    "self-issued",
)
pki.delete_root(mount_point="pki_own")
pki.delete_role("web", mount_point="pki_int")
refused(hvac.exceptions.InvalidPath, "", pki.list_roles, mount_point="pki_int")

# Kubernetes auth.
kubernetes.config.load_kube_config()
core = kubernetes.client.CoreV1Api()
rbac = kubernetes.client.RbacAuthorizationV1Api()
core.create_namespaced_service_account("default", {"metadata": {"name": "hvac"}})
rbac.create_cluster_role_binding(
    {
        "metadata": {"name": "hvac"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
        "subjects": [{"kind": "ServiceAccount", "name": "hvac", "namespace": "default"}],
    }
)
configuration = core.api_client.configuration
with open(configuration.ssl_ca_cert, encoding="ascii") as file:
    authority = file.read()


def service_account_token():
    made = core.create_namespaced_service_account_token("hvac", "default", {"spec": {}})
    return made.status.token


client.sys.enable_auth_method("kubernetes", path="c1")
check("c1/" in client.sys.list_auth_methods()["data"], "auth methods")
auth = client.auth.kubernetes
auth.configure(configuration.host, kubernetes_ca_cert=authority, mount_point="c1")
check(auth.read_config(mount_point="c1")["kubernetes_host"] == configuration.host, "config")
client.sys.create_or_update_policy("lookups", 'path "sys/mounts" { capabilities = ["read"] }')
check("lookups" in client.sys.list_policies()["data"]["policies"], "policies")
auth.create_role(
    "web",
    ttl="1h",
    bound_service_account_names=["hvac"],
    bound_service_account_namespaces="default",
    policies=["lookups"],
    mount_point="c1",
)
check(auth.read_role("web", mount_point="c1")["bound_service_account_names"] == ["hvac"], "role")
check(auth.list_roles(mount_point="c1")["keys"] == ["web"], "roles")
login = auth.login("web", service_account_token(), use_token=False, mount_point="c1")["auth"]
check(login["metadata"]["service_account_name"] == "hvac" and login["lease_duration"] == 3600, "login")
workload = hvac.Client(token=login["client_token"], verify=client.session.verify)
check(workload.lookup_token()["data"]["display_name"] == "c1-default-hvac", "lookup")
check(workload.auth.token.renew_self(increment="30m")["auth"]["lease_duration"] == 1800, "renew")
check("pki/" in workload.sys.list_mounted_secrets_engines()["data"], "what the policy allows")
refused(hvac.exceptions.Forbidden, "permission denied", workload.sys.list_auth_methods)
check(workload.sys.get_capabilities(["sys/mounts"])["data"]["sys/mounts"] == ["read"], "capabilities")
refused(hvac.exceptions.Forbidden, "permission denied", auth.login, "web", "junk", mount_point="c1")
refused(hvac.exceptions.InvalidRequest, 'invalid role name "absent"', auth.login, "absent", "junk", mount_point="c1")
workload.auth.token.revoke_self()
check(not workload.is_authenticated(), "a revoked token")
auth.delete_role("web", mount_point="c1")
refused(hvac.exceptions.InvalidPath, "", auth.list_roles, mount_point="c1")

# Tokens, wrapping, leases.
wrapped = client.auth.token.create(policies=["default"], ttl="10m", wrap_ttl="60s")["wrap_info"]
check(wrapped["ttl"] == 60 and wrapped["creation_path"] == "auth/token/create", "a wrapped token")
opened = client.sys.unwrap(wrapped["token"])["auth"]
check(opened["lease_duration"] == 600, "unwrapped")
refused(
    hvac.exceptions.InvalidRequest, "wrapping token is not valid or does not exist", client.sys.unwrap, wrapped["token"]
)
check(client.auth.token.lookup_accessor(opened["accessor"])["data"]["ttl"] <= 600, "by accessor")
client.auth.token.revoke(opened["client_token"])
refused(hvac.exceptions.Forbidden, "bad token", client.auth.token.lookup, opened["client_token"])
client.sys.disable_auth_method("c1")
for engine in ("pki", "pki_int", "pki_own", "pki_copy"):
    client.sys.disable_secrets_engine(engine)

# Sealed, every call is told so.
client.sys.seal()
check(client.sys.is_sealed(), "sealed")
refused(hvac.exceptions.VaultDown, "Vault is sealed", client.sys.list_mounted_secrets_engines)
check(client.sys.read_health_status().status_code == 503, "health when sealed, by HEAD")
check(client.sys.submit_unseal_key(os.environ["UNSEAL_KEY"])["sealed"] is False, "unsealed")
check(client.is_authenticated(), "the token outlives the seal")

sys.exit(1 if failures else 0)
