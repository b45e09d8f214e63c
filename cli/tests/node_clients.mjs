// What a mesh written for Node asks of an API server and of a Vault, by @kubernetes/client-node and node-vault.
//   node node_clients.mjs kubernetes [CONTEXT]   KUBECONFIG says where
//   node node_clients.mjs vault                  VAULT_ADDR, VAULT_TOKEN and VAULT_CACERT too; CSR is a file, for the URI below
// Exit code 0 where all was as the real servers have it, else 1 with a line each.
import { X509Certificate, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import * as kubernetes from "@kubernetes/client-node";
import nodeVault from "node-vault";

let failures = 0;

function check(condition, what) {
  if (condition) return;
  failures += 1;
  console.log("FAILED:", what);
}

const text = (value) => JSON.stringify(value);
const random = (prefix) => `${prefix}-${randomBytes(4).toString("hex")}`;
const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

// refused: what came back instead of an answer has this status and these words.
async function refused(what, status, words, answer) {
  try {
    check(false, `${what} is not refused: ${text(await answer)}`);
  } catch (error) {
    const came = error.code ? [error.code, JSON.parse(error.body).message] : [error.response?.statusCode, error.message];
    check(came[0] === status && came[1].includes(words), `${what}: ${text(came)}, expected ${status}, ${words}`);
  }
}

const config = new kubernetes.KubeConfig();
config.loadFromDefault();
if (process.argv[3]) config.setCurrentContext(process.argv[3]);
const core = config.makeApiClient(kubernetes.CoreV1Api);
const rbac = config.makeApiClient(kubernetes.RbacAuthorizationV1Api);
const authentication = config.makeApiClient(kubernetes.AuthenticationV1Api);

// inNamespace: in one of its own, so that it can run where others are.
async function inNamespace(work) {
  const namespace = random("node");
  await core.createNamespace({ body: { metadata: { name: namespace, labels: { "made-by": "meshproof-test" } } } });
  try {
    await work(namespace);
  } finally {
    await core.deleteNamespace({ name: namespace });
  }
}

const account = (name, labels) => ({ metadata: { name, labels } });

async function accounts(namespace) {
  const made = await core.createNamespacedServiceAccount({ namespace, body: account("app", { team: "one" }) });
  check(made.metadata.uid.length === 36 && made.metadata.creationTimestamp instanceof Date, `a service account: ${text(made)}`);
  const again = core.createNamespacedServiceAccount({ namespace, body: account("app") });
  await refused("a namesake", 409, 'serviceaccounts "app" already exists', again);
  const absent = core.readNamespacedServiceAccount({ namespace, name: "absent" });
  await refused("an absent one", 404, 'serviceaccounts "absent" not found', absent);
  const listed = await core.listNamespacedServiceAccount({ namespace, labelSelector: "team=one" });
  check(listed.items.length === 1 && listed.items[0].metadata.uid === made.metadata.uid, `by label: ${text(listed)}`);

  const merge = kubernetes.setHeaderOptions("Content-Type", kubernetes.PatchStrategy.MergePatch);
  const body = { metadata: { labels: { team: "two", tier: "web" } } };
  const patched = await core.patchNamespacedServiceAccount({ namespace, name: "app", body }, merge);
  check(text(patched.metadata.labels) === '{"team":"two","tier":"web"}', `a merge patch: ${text(patched)}`);
  const json = [{ op: "remove", path: "/metadata/labels/tier" }];
  const less = await core.patchNamespacedServiceAccount({ namespace, name: "app", body: json });
  check(text(less.metadata.labels) === '{"team":"two"}', `a JSON patch: ${text(less)}`);
  const stale = core.replaceNamespacedServiceAccount({ namespace, name: "app", body: made });
  await refused("what is stale", 409, "the object has been modified", stale);
}

async function tokens(namespace) {
  const body = { spec: { audiences: ["vault"], expirationSeconds: 600 } };
  const made = await core.createNamespacedServiceAccountToken({ namespace, name: "app", body });
  const held = claims(made.status.token);
  check(held.sub === `system:serviceaccount:${namespace}:app` && text(held.aud) === '["vault"]', `a token: ${text(held)}`);
  check(Math.abs(made.status.expirationTimestamp.getTime() / 1000 - held.exp) <= 1, `its end: ${text(made)}`);
  const review = (spec) => authentication.createTokenReview({ body: { spec } });
  const seen = await review({ token: made.status.token, audiences: ["vault"] });
  check(seen.status.authenticated && seen.status.user.username === held.sub, `a review: ${text(seen)}`);
  const other = await review({ token: made.status.token });
  check(!other.status.authenticated && other.status.error.length > 0, `a review for others: ${text(other)}`);
  const brief = { spec: { expirationSeconds: 60 } };
  const short = core.createNamespacedServiceAccountToken({ namespace, name: "app", body: brief });
  await refused("a short token", 422, "may not specify a duration less than 10 minutes", short);
}

// watched: the events of the accounts in a namespace from a version on, until `count` have come.
async function watched(namespace, resourceVersion, count, change) {
  const events = [];
  let enough;
  const all = new Promise((resolve, reject) => (enough = { resolve, reject }));
  const take = (type, object) => {
    events.push([type, object.metadata.name]);
    if (events.length === count) enough.resolve();
  };
  const ended = (error) => enough.reject(error ?? new Error(`the watch ends after ${text(events)}`));
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const request = await new kubernetes.Watch(config).watch(path, { resourceVersion }, take, ended);
  await change();
  await all;
  request.abort();
  return events;
}

async function watches(namespace) {
  const { resourceVersion } = (await core.listNamespacedServiceAccount({ namespace })).metadata;
  const events = await watched(namespace, resourceVersion, 3, async () => {
    const made = await core.createNamespacedServiceAccount({ namespace, body: account("seen") });
    made.metadata.labels = { team: "one" };
    await core.replaceNamespacedServiceAccount({ namespace, name: "seen", body: made });
    await core.deleteNamespacedServiceAccount({ namespace, name: "seen" });
  });
  // A real cluster's controllers add an account of their own.
  const ours = events.filter(([, name]) => name !== "default");
  check(text(ours.slice(0, 2)) === '[["ADDED","seen"],["MODIFIED","seen"]]', `a watch: ${text(events)}`);

  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const informer = kubernetes.makeInformer(config, path, () => core.listNamespacedServiceAccount({ namespace }));
  const added = new Promise((resolve, reject) => {
    informer.on("add", (one) => one.metadata.name === "late" && resolve());
    informer.on("error", reject);
  });
  await informer.start();
  await core.createNamespacedServiceAccount({ namespace, body: account("late") });
  await added;
  check(informer.get("app", namespace)?.metadata.labels.team === "two", "an informer has what was there before");
  await informer.stop();
}

// objects: the client that finds out from the server what a kind's path is.
async function objects(namespace) {
  const api = kubernetes.KubernetesObjectApi.makeApiClient(config);
  const wanted = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "applied", namespace, labels: { a: "1" } } };
  const apply = (spec) => api.patch(spec, undefined, undefined, "mesh", true, kubernetes.PatchStrategy.ServerSideApply);
  const applied = await apply(wanted);
  check(applied.metadata.managedFields[0].manager === "mesh", `an applied object: ${text(applied)}`);
  wanted.metadata.labels = { b: "2" };
  const again = await apply(wanted);
  check(text(again.metadata.labels) === '{"b":"2"}', `applied again: ${text(again)}`);
  const role = random("node");
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: role },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
    subjects: [{ kind: "ServiceAccount", name: "app", namespace }],
  };
  check((await api.create(binding)).roleRef.name === "system:auth-delegator", "a binding");
  check((await rbac.readClusterRoleBinding({ name: role })).subjects[0].name === "app", "the binding's subject");
  check((await api.delete(binding)).status === "Success", "a binding goes");
  await refused("it", 404, "not found", api.read(binding));
}

async function kubernetesPart() {
  const version = await config.makeApiClient(kubernetes.VersionApi).getCode();
  check(version.gitVersion === "v1.34.4", `the version: ${text(version)}`);
  await inNamespace(async (namespace) => {
    await accounts(namespace);
    await tokens(namespace);
    await watches(namespace);
    await objects(namespace);
  });
}

// --- Vault ---

const uri = "spiffe://domain.name/ns/shop/sa/cart";
const cluster = config.getCurrentCluster();
const authority = cluster.caData ? Buffer.from(cluster.caData, "base64").toString() : readFileSync(cluster.caFile, "utf8");
const trust = process.env.VAULT_CACERT ? { ca: readFileSync(process.env.VAULT_CACERT) } : {};
const open = (options = {}) => nodeVault({ requestOptions: trust, ...options });

async function setUp(vault, namespace) {
  await vault.mount({ mount_point: "node", type: "pki", config: { max_lease_ttl: "8760h" } });
  const root = { common_name: "Root CA", key_type: "ec", key_bits: 256, ttl: "8760h" };
  const made = (await vault.write("node/root/generate/internal", root)).data;
  const role = { allowed_uri_sans: "spiffe://domain.name/*", require_cn: false, key_type: "ec", max_ttl: "1h" };
  await vault.write("node/roles/mesh", role);
  const rules = 'path "node/sign/mesh" { capabilities = ["update"] }\npath "node/certs" { capabilities = ["list"] }';
  await vault.addPolicy({ name: "node", rules });
  check((await vault.policies()).policies.includes("node"), "the policy is listed");
  await vault.enableAuth({ mount_point: "node", type: "kubernetes" });
  await vault.write("auth/node/config", { kubernetes_host: cluster.server, kubernetes_ca_cert: authority });
  const bound = { bound_service_account_names: ["cart"], bound_service_account_namespaces: [namespace] };
  await vault.write("auth/node/role/cart", { ...bound, token_policies: ["node"], token_ttl: "1h" });
  check((await vault.list("auth/node/role")).data.keys[0] === "cart", "roles");
  return new X509Certificate(made.certificate);
}

// cart: an account that may ask about itself; gives what makes a token of it.
async function cart(namespace) {
  await core.createNamespacedServiceAccount({ namespace, body: account("cart") });
  const body = {
    metadata: { name: namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
    subjects: [{ kind: "ServiceAccount", name: "cart", namespace }],
  };
  await rbac.createClusterRoleBinding({ body });
  return async () => {
    const made = await core.createNamespacedServiceAccountToken({ namespace, name: "cart", body: { spec: {} } });
    return made.status.token;
  };
}

async function login(namespace, token) {
  const agent = open({ token: "none" });
  const jwt = await token();
  await refused("a login by no role", 400, 'invalid role name "absent"', agent.kubernetesLogin({ mount_point: "node", role: "absent", jwt }));
  await refused("junk", 403, "permission denied", agent.kubernetesLogin({ mount_point: "node", role: "cart", jwt: "junk" }));
  const { auth } = await agent.kubernetesLogin({ mount_point: "node", role: "cart", jwt });
  check(auth.metadata.service_account_namespace === namespace && auth.lease_duration === 3600, `a login: ${text(auth)}`);
  check(agent.token === auth.client_token, "the client takes the token");
  const self = (await agent.tokenLookupSelf()).data;
  check(self.display_name === `node-${namespace}-cart` && self.renewable === true, `looked up: ${text(self)}`);
  const renewed = (await agent.tokenRenewSelf({ increment: "30m" })).auth;
  check(renewed.lease_duration === 1800 && renewed.client_token === auth.client_token, `renewed: ${text(renewed)}`);
  return agent;
}

async function leaf(agent, root) {
  const csr = readFileSync(process.env.CSR, "utf8");
  const signed = (await agent.write("node/sign/mesh", { csr, ttl: "10m" })).data;
  const certificate = new X509Certificate(signed.certificate);
  check(certificate.checkIssued(root) && certificate.verify(root.publicKey), "the leaf's issuer");
  check(certificate.subjectAltName === `URI:${uri}`, `the leaf's name: ${certificate.subjectAltName}`);
  check(certificate.serialNumber.toLowerCase() === signed.serial_number.replaceAll(":", ""), "the leaf's number");
  check(signed.expiration === new Date(certificate.validTo).getTime() / 1000, `the leaf's end: ${signed.expiration}`);
  check(signed.ca_chain.length === 1 && new X509Certificate(signed.issuing_ca).raw.equals(root.raw), "the chain");
  check((await agent.list("node/certs")).data.keys.includes(signed.serial_number), "the leaf is listed");
  agent.noCustomHTTPVerbs = true;
  check((await agent.list("node/certs")).data.keys.length === 2, "leaves, without LIST");
  await refused("a word that is no time", 400, "error converting input", agent.write("node/sign/mesh", { csr, ttl: "soon" }));
  await refused("no CSR", 400, "csr", agent.write("node/sign/mesh", {}));
  await refused("another path", 403, "permission denied", agent.read("node/roles/mesh"));
  return signed.serial_number;
}

async function operate(vault, serial) {
  const read = (await vault.read(`node/cert/${serial}`)).data;
  check(read.revocation_time === 0, `a certificate: ${text(read)}`);
  check((await vault.write("node/revoke", { serial_number: serial })).data.state === "revoked", "revoked");
  await refused("no such certificate", 404, "Status 404", vault.read("node/cert/01:02:03"));
  const wrap = { headers: { "X-Vault-Wrap-TTL": "60s" } };
  const { wrap_info: wrapped } = await vault.read("node/cert/ca", wrap);
  check(wrapped.ttl === 60 && wrapped.creation_path === "node/cert/ca", `wrapped: ${text(wrapped)}`);
  const opener = open({ token: wrapped.token });
  check((await opener.unwrap()).data.certificate.includes("BEGIN CERTIFICATE"), "unwrapped");
  await refused("opened twice", 400, "wrapping token is not valid or does not exist", opener.unwrap());
  const patch = { issuer_name: "first" };
  check((await vault.update("node/issuer/default", patch)).data.issuer_name === "first", "a merge patch of an issuer");
  check((await vault.help("node/roles/mesh")).help.length > 0, "help of a path");
}

async function vaultPart() {
  const vault = open();
  check((await vault.health()).initialized === true, "health");
  check((await vault.status()).sealed === false, "the seal");
  await inNamespace(async (namespace) => {
    const token = await cart(namespace);
    try {
      const root = await setUp(vault, namespace);
      const agent = await login(namespace, token);
      await operate(vault, await leaf(agent, root));
      await agent.tokenRevokeSelf();
      await refused("a revoked token", 403, "permission denied", agent.tokenLookupSelf());
      await vault.disableAuth({ mount_point: "node" });
      await vault.unmount({ mount_point: "node" });
      check(!("node/" in (await vault.mounts()).data), "the mount is gone");
    } finally {
      await rbac.deleteClusterRoleBinding({ name: namespace });
    }
  });
}

await (process.argv[2] === "vault" ? vaultPart() : kubernetesPart());
process.exit(failures ? 1 : 0);
