import com.bettercloud.vault.SslConfig;
import com.bettercloud.vault.Vault;
import com.bettercloud.vault.VaultConfig;
import com.bettercloud.vault.api.pki.Credential;
import com.bettercloud.vault.api.pki.CredentialFormat;
import com.bettercloud.vault.api.pki.RoleOptions;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.springframework.http.client.ClientHttpRequestFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.vault.authentication.ClientAuthentication;
import org.springframework.vault.authentication.KubernetesAuthentication;
import org.springframework.vault.authentication.KubernetesAuthenticationOptions;
import org.springframework.vault.authentication.LifecycleAwareSessionManager;
import org.springframework.vault.authentication.TokenAuthentication;
import org.springframework.vault.client.ClientHttpRequestFactoryFactory;
import org.springframework.vault.client.VaultClients;
import org.springframework.vault.client.VaultEndpoint;
import org.springframework.vault.core.VaultPkiOperations;
import org.springframework.vault.core.VaultTemplate;
import org.springframework.vault.support.Certificate;
import org.springframework.vault.support.CertificateBundle;
import org.springframework.vault.support.ClientOptions;
import org.springframework.vault.support.Policy;
import org.springframework.vault.support.SslConfiguration;
import org.springframework.vault.support.VaultCertificateRequest;
import org.springframework.vault.support.VaultMount;
import org.springframework.vault.support.VaultToken;
import org.springframework.vault.support.VaultTokenRequest;
import org.springframework.web.client.RestOperations;

/**
 * What services in Java ask of a Vault, by spring-vault and by vault-java-driver, each with a login of its own.
 *
 * <p>java -cp 'JARS/*' java_clients.java KUBERNETES_HOST FOLDER: VAULT_ADDR, VAULT_TOKEN and VAULT_CACERT say where
 * (spring-vault trusts whom Java trusts: javax.net.ssl.trustStore); the folder has kube-ca.pem, csr.pem (for the URI below),
 * and tokens spring.jwt and driver.jwt of the account default/java. Exit code 0 where all was as the real servers have it,
 * else 1 with a line each.
 */
final class JavaClients {
    static final String NAME = "spiffe://domain.name/ns/default/sa/java";
    static final String TRUST = System.getenv("VAULT_CACERT");
    static final VaultEndpoint ENDPOINT = VaultEndpoint.from(URI.create(System.getenv("VAULT_ADDR")));

    static int failures;

    interface Call {
        Object call() throws Exception;
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            failures++;
            System.out.println("FAILED: " + what);
        }
    }

    /** What comes back instead of an answer has these words. */
    static void refused(String what, String words, Call call) {
        try {
            check(false, what + " is not refused: " + call.call());
        } catch (Exception error) {
            check(String.valueOf(error.getMessage()).contains(words), what + ": " + error + ", expected " + words);
        }
    }

    static X509Certificate certificate(byte[] encoded) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(encoded));
    }

    static X509CRL list(InputStream encoded) throws Exception {
        return (X509CRL) CertificateFactory.getInstance("X.509").generateCRL(encoded);
    }

    static List<Object> names(X509Certificate certificate) throws Exception {
        return certificate.getSubjectAlternativeNames().stream().<Object>map(one -> one.get(1)).toList();
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[1]);
        SpringVault spring = new SpringVault();
        spring.setUp(arguments[0], Files.readString(folder.resolve("kube-ca.pem")));
        spring.login(Files.readString(folder.resolve("spring.jwt")).strip());
        spring.leaves(Files.readString(folder.resolve("csr.pem")));
        spring.revocation();
        spring.tokens();
        new Driver().all(Files.readString(folder.resolve("driver.jwt")).strip());
        spring.end();
        System.exit(failures == 0 ? 0 : 1);
    }

    /** spring-vault; the root token's side and, logged in, the service's. */
    static final class SpringVault {
        final ClientHttpRequestFactory requests = ClientHttpRequestFactoryFactory.create(new ClientOptions(), SslConfiguration.unconfigured());
        final RestOperations rest = VaultClients.createRestTemplate(ENDPOINT, requests);
        final VaultTemplate root = template(new TokenAuthentication(System.getenv("VAULT_TOKEN")));
        final ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();
        final Policy policy = Policy.of(
                Policy.Rule.builder().path("java/issue/mesh").capability(Policy.BuiltinCapabilities.UPDATE).build(),
                Policy.Rule.builder().path("java/sign/mesh").capability(Policy.BuiltinCapabilities.UPDATE).build());
        LifecycleAwareSessionManager session;
        VaultPkiOperations service;
        X509Certificate authority;
        Certificate issued;

        VaultTemplate template(ClientAuthentication authentication) {
            return new VaultTemplate(ENDPOINT, requests, () -> authentication.login());
        }

        void setUp(String kubernetes, String kubernetesAuthority) throws Exception {
            var system = root.opsForSys();
            check(system.isInitialized() && !system.health().isSealed() && !system.getUnsealStatus().isSealed(), "health");
            system.mount("java", VaultMount.builder().type("pki").config(Map.of("max_lease_ttl", "720h")).build());
            check(system.getMounts().get("java/").getConfig().get("max_lease_ttl").equals(720 * 3600), "the mount: " + system.getMounts());
            var made = root.write("java/root/generate/internal", Map.of("common_name", "Root CA", "key_type", "ec", "ttl", "700h"));
            authority = certificate(made.getRequiredData().get("certificate").toString().getBytes(StandardCharsets.US_ASCII));
            root.write("java/roles/mesh", Map.of("allowed_domains", "svc", "allow_subdomains", true, "allowed_uri_sans",
                    "spiffe://domain.name/*", "key_type", "ec", "max_ttl", "1h"));
            check(root.list("java/roles").equals(List.of("mesh")), "roles");
            system.createOrUpdatePolicy("java", policy); // in JSON
            check(system.getPolicy("java").equals(policy) && system.getPolicyNames().contains("java"), "the policy");
            check(system.getPolicy("absent") == null, "an absent policy");
            system.authMount("kubernetes", VaultMount.create("kubernetes"));
            check(system.getAuthMounts().containsKey("kubernetes/"), "the auth mount");
            root.write("auth/kubernetes/config", Map.of("kubernetes_host", kubernetes, "kubernetes_ca_cert", kubernetesAuthority));
            root.write("auth/kubernetes/role/java", Map.of("bound_service_account_names", "java",
                    "bound_service_account_namespaces", "default", "token_policies", "java", "token_ttl", "1h"));
        }

        ClientAuthentication by(String role, String token) {
            return new KubernetesAuthentication(
                    KubernetesAuthenticationOptions.builder().role(role).jwtSupplier(() -> token).build(), rest);
        }

        void login(String token) {
            refused("a login by no role", "Cannot login using Kubernetes", () -> by("absent", token).login());
            refused("junk", "Cannot login using Kubernetes", () -> by("java", "junk").login());
            scheduler.setDaemon(true); // whatever fails, the program ends
            scheduler.initialize();
            session = new LifecycleAwareSessionManager(by("java", token), scheduler, rest);
            service = new VaultTemplate(ENDPOINT, requests, session).opsForPki("java");
            check(session.getSessionToken().toCharArray().length > 20, "a login");
            check(session.renewToken(), "the session is renewed");
        }

        void leaves(String request) throws Exception {
            CertificateBundle bundle = service.issueCertificate("mesh", VaultCertificateRequest.builder().commonName("a.svc")
                    .withUriSubjectAltName(NAME).ttl(Duration.ofMinutes(10)).build()).getRequiredData();
            issued = bundle;
            X509Certificate leaf = bundle.getX509Certificate();
            leaf.verify(authority.getPublicKey());
            check(names(leaf).equals(List.of("a.svc", NAME)), "the leaf's names: " + names(leaf));
            check(bundle.getX509IssuerCertificate().equals(authority), "the leaf's issuer");
            KeyStore store = bundle.createKeyStore("leaf", true);
            check(store.getKey("leaf", new char[0]) != null && store.getCertificateChain("leaf").length == 2, "a key store of it");
            Certificate signed = service.signCertificateRequest("mesh", request, VaultCertificateRequest.builder().commonName("b.svc")
                    .withUriSubjectAltName(NAME).ttl(Duration.ofMinutes(10)).build()).getRequiredData();
            signed.getX509Certificate().verify(authority.getPublicKey());
            check(names(signed.getX509Certificate()).contains(NAME), "the signed leaf's names");
            refused("a stranger's name", "common name a.org not allowed by this role",
                    () -> service.issueCertificate("mesh", VaultCertificateRequest.create("a.org")));
            refused("no CSR", "csr", () -> service.signCertificateRequest("mesh", "junk", VaultCertificateRequest.create("a.svc")));
            refused("another role", "permission denied", () -> service.issueCertificate("other", VaultCertificateRequest.create("a.svc")));
        }

        void revocation() throws Exception {
            VaultPkiOperations operator = root.opsForPki("java");
            operator.revoke(issued.getSerialNumber());
            for (var encoding : VaultPkiOperations.Encoding.values()) {
                X509CRL crl = list(operator.getCrl(encoding));
                crl.verify(authority.getPublicKey());
                check(crl.isRevoked(issued.getX509Certificate()), "the leaf is in the CRL, " + encoding);
                try (InputStream issuer = operator.getIssuerCertificate("default", encoding)) {
                    check(certificate(issuer.readAllBytes()).equals(authority), "the issuer, " + encoding);
                }
            }
            check(operator.getIssuerCertificate("default").getRequiredData().getX509Certificate().equals(authority), "the issuer");
        }

        void tokens() {
            VaultToken token = root.opsForToken().create(VaultTokenRequest.builder().withPolicy("java").ttl(Duration.ofMinutes(10))
                    .renewable().displayName("batch").meta(Map.of("team", "one")).build()).getToken();
            check(root.opsForToken().renew(token).getAuth().get("lease_duration").equals(600), "a renewed token");
            root.opsForToken().revoke(token);
            refused("a revoked token", "403", () -> template(() -> token).read("auth/token/lookup-self"));
            var wrapped = root.opsForWrapping().wrap(Map.of("key", "value"), Duration.ofSeconds(60));
            check(root.opsForWrapping().lookup(wrapped.getToken()).getPath().equals("sys/wrapping/wrap"), "what is wrapped");
            var again = root.opsForWrapping().rewrap(wrapped.getToken());
            check("value".equals(root.opsForWrapping().read(again.getToken()).getRequiredData().get("key")), "unwrapped");
            check(root.opsForWrapping().lookup(wrapped.getToken()) == null, "wrapped anew, the old token is gone");
        }

        void end() {
            VaultToken token = session.getSessionToken();
            session.destroy();
            refused("after the session", "403", () -> template(() -> token).read("auth/token/lookup-self"));
            scheduler.shutdown();
            root.opsForSys().authUnmount("kubernetes");
            root.opsForSys().unmount("java");
            root.opsForSys().deletePolicy("java");
            check(!root.opsForSys().getMounts().containsKey("java/"), "the mount is gone");
        }
    }

    /** vault-java-driver, on what the other has set up. */
    static final class Driver {
        static Vault as(String token) throws Exception {
            SslConfig trust = TRUST == null ? new SslConfig().verify(true) : new SslConfig().pemFile(new File(TRUST));
            return new Vault(new VaultConfig().address(System.getenv("VAULT_ADDR")).token(token).engineVersion(1)
                    .sslConfig(trust.build()).build());
        }

        void all(String jwt) throws Exception {
            Vault root = as(System.getenv("VAULT_TOKEN"));
            check(root.debug().health().getInitialized() && !root.seal().sealStatus().getSealed(), "the driver's health");
            check(root.mounts().list().getMounts().containsKey("java/"), "the driver's mounts");
            // It is older than the answer that a Vault gives to this today, but the role is made.
            refused("the driver's role", "HTTP status code: 200", () -> root.pki("java").createOrUpdateRole("driver",
                    new RoleOptions().allowedDomains(List.of("svc")).allowSubdomains(true).keyType("ec").keyBits(256L).maxTtl("1h")));
            RoleOptions role = root.pki("java").getRole("driver").getRoleOptions();
            check(role.getKeyBits() == 256 && role.getAllowSubdomains() && !role.getAllowAnyName(), "the role as the driver reads it");

            var login = as("").auth().loginByKubernetes("java", jwt);
            check(login.getAuthLeaseDuration() == 3600 && login.isAuthRenewable()
                    && login.getAuthPolicies().equals(List.of("default", "java")), "the driver's login");
            Vault service = as(login.getAuthClientToken());
            check(service.auth().lookupSelf().getDisplayName().equals("kubernetes-default-java"), "the driver's lookup");
            check(service.auth().renewSelf(1800).getAuthLeaseDuration() == 1800, "the driver's renewal");
            refused("the driver's junk", "permission denied", () -> as("").auth().loginByKubernetes("java", "junk"));

            Credential leaf = service.pki("java").issue("mesh", "c.svc", List.of("d.svc"), null, "10m", CredentialFormat.PEM).getCredential();
            X509Certificate certificate = certificate(leaf.getCertificate().getBytes(StandardCharsets.US_ASCII));
            certificate.verify(certificate(leaf.getIssuingCa().getBytes(StandardCharsets.US_ASCII)).getPublicKey());
            check(names(certificate).containsAll(Arrays.asList("c.svc", "d.svc")), "the driver's leaf: " + names(certificate));
            check(leaf.getPrivateKeyType().equals("ec"), "the driver's key");
            refused("another role", "permission denied",
                    () -> service.pki("java").issue("driver", "c.svc", null, null, "10m", CredentialFormat.PEM));
            check(root.pki("java").revoke(leaf.getSerialNumber()).getRestResponse().getStatus() == 200, "the driver revokes");
            root.pki("java").deleteRole("driver");
            service.auth().revokeSelf();
            refused("the driver's revoked token", "permission denied", () -> service.auth().lookupSelf());
        }
    }
}
