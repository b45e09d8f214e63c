#include "core/run/reach.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace meshproof::run {
namespace {

/// Go's strconv.ParseBool, which is what the Vault command line reads VAULT_SKIP_VERIFY with.
std::optional<bool> parse_bool(const std::string& text) {
    static const std::set<std::string> yes{"1", "t", "T", "true", "TRUE", "True"};
    static const std::set<std::string> no{"0", "f", "F", "false", "FALSE", "False"};
    if (yes.contains(text)) {
        return true;
    }
    return no.contains(text) ? std::optional(false) : std::nullopt;
}

void read_address(YamlSection& section, const Variables& variables, http::Endpoint& endpoint) {
    const auto written = section.text("address");
    const auto address = written ? written : filled(variables, "VAULT_ADDR");
    if (!address) {
        section.needs("address", "the Vault's URL, here or in VAULT_ADDR");
        return;
    }
    auto url = http::Url::parse(*address);
    if (!url) {
        section.refuse("address", "{}{}", written ? "" : "VAULT_ADDR: ", url.error().message);
        return;
    }
    if (url->path.ends_with("/v1")) {
        section.refuse("address", "expected the URL without /v1");
    }
    if (url->scheme == "http" && !url->loopback()) {
        log::warning(
            fmt::format("{}: http: the token is sent unencrypted", section.place_of("address")));
    }
    endpoint.url = std::move(*url);
}

/// The CAs, from the file that is named, whoever it was that named it.
void read_ca(YamlSection& section, const Variables& variables, crypto::TlsParty& tls) {
    auto pem = section.file("ca_file");
    auto source = section.text("ca_file").value_or("");
    source += source.empty() ? "" : ": ";
    if (const auto path = filled(variables, "VAULT_CACERT"); !section.has("ca_file") && path) {
        source = "VAULT_CACERT: ";
        auto content = read_file(*path);
        if (!content) {
            section.refuse("ca_file", "{}{}", source, content.error().message);
            return;
        }
        pem = std::move(*content);
    }
    if (!pem) {
        tls.system_trust = true;
        return;
    }
    auto trust = crypto::Certificate::all_from_pem(*pem);
    if (!trust) {
        section.refuse("ca_file", "{}{}", source, trust.error().message);
        return;
    }
    tls.trust = std::move(*trust);
}

void read_trust(YamlSection& section, const Variables& variables, crypto::TlsParty& tls) {
    read_ca(section, variables, tls);
    const auto written = section.text("tls_server_name");
    tls.server_name = written ? *written : filled(variables, "VAULT_TLS_SERVER_NAME").value_or("");
    if (!tls.server_name.empty() && !http::is_host(tls.server_name)) {
        section.refuse("tls_server_name", "{}expected a host name or an IP address",
                       written ? "" : "VAULT_TLS_SERVER_NAME: ");
    }
    auto skip = section.flag("skip_verify");
    if (const auto text = filled(variables, "VAULT_SKIP_VERIFY");
        !section.has("skip_verify") && text) {
        skip = parse_bool(*text);
        if (!skip) {
            section.refuse("skip_verify", "VAULT_SKIP_VERIFY: expected true or false");
        }
    }
    if (skip.value_or(false)) {
        tls.verify_peer = false;
        log::warning(
            fmt::format("{}: anybody can pose as this Vault", section.place_of("skip_verify")));
    }
}

}  // namespace

std::optional<std::string> machine_variable(const std::string& name) {
    const char* value =
        std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<std::string> filled(const Variables& variables, const std::string& name) {
    constexpr std::string_view of_vault = "VAULT_";
    auto value = variables(name);
    if ((!value || value->empty()) && name.starts_with(of_vault)) {
        value = variables("BAO_" + name.substr(of_vault.size()));
    }
    return value && !value->empty() ? std::move(value) : std::nullopt;
}

bool refuse_token_as_name(YamlSection& section, std::string_view name) {
    constexpr std::size_t shortest_token = 24;
    const auto written = section.text(name).value_or("");
    const bool prefixed = std::ranges::any_of(
        std::initializer_list<std::string_view>{"hvs.", "hvb.", "s.", "b."},
        [&written](std::string_view prefix) { return written.starts_with(prefix); });
    if (!prefixed || written.size() < shortest_token || written.find('/') != std::string::npos) {
        return false;
    }
    section.refuse(name, "expected the name of a file with the token, and this looks like a token");
    return true;
}

Secret read_secret_word(YamlSection& section, std::string_view name, std::string_view text) {
    const auto word = trim(text);
    // It goes into a header, and is refused here, where its place is known.
    if (!word.empty() && !http::is_one_word(word)) {
        section.refuse(name,
                       "expected one token, and this has a blank, a line break or other than ASCII "
                       "in it");
    }
    return Secret(std::string(word));
}

void warn_of_others(YamlSection& section, std::string_view name) {
    const auto path = section.path(name);
    struct stat file{};
    if (path && ::stat(path->c_str(), &file) == 0 && S_ISREG(file.st_mode) &&
        (file.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        log::warning(fmt::format("{}: others may {} {}: chmod 600 keeps it for its owner",
                                 section.place_of(name),
                                 (file.st_mode & S_IROTH) != 0 ? "read" : "change", *path));
    }
}

void warn_of_ignored(const Variables& variables) {
    constexpr std::pair<const char*, std::string_view> ignored[] = {
        {"VAULT_CAPATH", "name one file in ca_file or VAULT_CACERT"},
        {"VAULT_CACERT_BYTES", "name one file in ca_file or VAULT_CACERT"},
        {"VAULT_CLIENT_CERT", "no client certificate is shown to a Vault"},
        {"VAULT_CLIENT_KEY", "no client certificate is shown to a Vault"},
        {"VAULT_PROXY_ADDR", "servers are reached directly"},
        {"VAULT_HTTP_PROXY", "servers are reached directly"},
        {"HTTPS_PROXY", "servers are reached directly"},
        {"https_proxy", "servers are reached directly"},
        {"HTTP_PROXY", "servers are reached directly"},
        {"http_proxy", "servers are reached directly"}};
    for (const auto& [name, instead] : ignored) {
        if (filled(variables, name)) {
            log::warning(fmt::format("{} is set, and not used: {}", name, instead));
        }
    }
}

http::Endpoint read_vault_endpoint(YamlSection& section, const Variables& variables) {
    http::Endpoint endpoint;
    read_address(section, variables, endpoint);
    read_trust(section, variables, endpoint.tls);
    return endpoint;
}

kube::Access read_kubeconfig_access(YamlSection& section, const Variables& variables) {
    const auto context = section.text("context");
    const auto written = section.path("kubeconfig");
    const auto path = written ? written : filled(variables, "KUBECONFIG");
    if (!path) {
        section.needs("kubeconfig", "a file, here or in KUBECONFIG");
        return {};
    }
    const auto config = kube::Kubeconfig::load(*path);
    if (!config) {
        section.refuse("kubeconfig", "{}", config.error().message);
        return {};
    }
    const auto plugins = filled(variables, "MESHPROOF_ALLOW_EXEC") == "1"
                             ? kube::ExecPlugins::run
                             : kube::ExecPlugins::refused;
    auto access = config->access(context.value_or(""), plugins);
    if (!access) {
        section.refuse(context ? "context" : "kubeconfig", "{}", access.error().message);
        return {};
    }
    return std::move(*access);
}

bool goes_by_pod(const YamlSection& section, const Variables& variables) {
    return !section.has("kubeconfig") && !section.has("context") &&
           !filled(variables, "KUBECONFIG") && filled(variables, "KUBERNETES_SERVICE_HOST");
}

kube::Access read_pod_access(YamlSection& section, const Variables& variables,
                             const std::string& folder) {
    kube::Access access;
    const auto host = filled(variables, "KUBERNETES_SERVICE_HOST").value_or("");
    const auto port = filled(variables, "KUBERNETES_SERVICE_PORT").value_or("443");
    const bool ipv6 = host.find(':') != std::string::npos;
    auto url = http::Url::parse(
        fmt::format("https://{}{}{}:{}", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port));
    const auto pem = read_file(folder + "/ca.crt");
    const auto token = read_file(folder + "/token");
    for (const Failure* failure : std::initializer_list<const Failure*>{
             url ? nullptr : &url.error(), pem ? nullptr : &pem.error(),
             token ? nullptr : &token.error()}) {
        if (failure != nullptr) {
            section.refuse("kubeconfig", "none is named, and the pod's own account has none: {}",
                           failure->message);
            return {};
        }
    }
    auto trust = crypto::Certificate::all_from_pem(*pem);
    if (!trust) {
        section.refuse("kubeconfig", "{}/ca.crt: {}", folder, trust.error().message);
        return {};
    }
    access.endpoint.url = std::move(*url);
    access.endpoint.tls.trust = std::move(*trust);
    access.ca_pem = *pem;
    access.token = Secret(std::string(trim(*token)));
    return access;
}

}  // namespace meshproof::run
