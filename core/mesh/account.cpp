#include "core/mesh/account.hpp"

#include "core/base/text.hpp"

namespace meshproof::mesh {
namespace {

constexpr std::size_t longest_name = 63;  // it becomes part of a label
constexpr std::size_t longest_label = 255;
constexpr std::size_t longest_subdomain = 253;  // RFC 1123 as Kubernetes reads it
constexpr std::string_view default_mount_path = "/v1/auth/kubernetes";
constexpr std::string_view mount_prefix = "/v1/auth/";

// Of Vault's mounts, roles and namespaces: what needs no escaping in a path.
bool path_word(std::string_view text) {
    return !text.empty() && text != "." && text != ".." && std::ranges::all_of(text, [](char c) {
        return letter_or_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

bool printable(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 127; });
}

template <class... Args>
tl::unexpected<Failure> refuse(std::string_view field, fmt::format_string<Args...> format,
                               Args&&... args) {
    return fail(FailureKind::invalid, "{}: {}", field,
                fmt::format(format, std::forward<Args>(args)...));
}

Result<void> check_name(std::string_view name) {
    if (name.empty()) {
        return refuse("name", "is required");
    }
    if (name.size() > longest_name) {
        return refuse("name", "has {} characters: at most {}", name.size(), longest_name);
    }
    const auto allowed = [](char c) {
        return letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == ' ';
    };
    if (!std::ranges::all_of(name, allowed) || !letter_or_digit(name.front()) ||
        !letter_or_digit(name.back())) {
        return refuse(
            "name",
            "\"{}\" cannot be used: expected letters, digits, blanks and . - _, beginning "
            "and ending with a letter or digit",
            printable(name) ? name : "(unprintable)");
    }
    return {};
}

Result<void> check_label(std::string_view label) {
    if (label.size() > longest_label || !printable(label)) {
        return refuse("label", "cannot be used: expected at most {} printable characters",
                      longest_label);
    }
    return {};
}

Result<http::Url> check_url(std::string_view text) {
    if (text.empty()) {
        return refuse("url", "is required");
    }
    auto url = http::Url::parse(text);
    if (!url) {
        return propagate(url, "url");
    }
    if (!url->path.empty()) {
        return refuse("url", "\"{}\" has the path {}: expected the server's address only, as in {}",
                      text, url->path, url->origin());
    }
    return url;
}

Result<void> check_service_account(std::string_view name) {
    if (name.empty()) {
        return refuse("service account name", "is required");
    }
    const auto label_ok = [](const std::string& label) {
        const auto lower_or_digit = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        };
        return !label.empty() && lower_or_digit(label.front()) && lower_or_digit(label.back()) &&
               std::ranges::all_of(label, [&](char c) { return lower_or_digit(c) || c == '-'; });
    };
    if (name.size() > longest_subdomain || !std::ranges::all_of(split(name, '.'), label_ok)) {
        return refuse("service account name",
                      "\"{}\" is no DNS-1123 subdomain: expected lower-case letters, digits, - and "
                      "., as in vault-issuer",
                      printable(name) ? name : "(unprintable)");
    }
    return {};
}

Result<void> check_role(std::string_view role) {
    if (role.empty()) {
        return refuse("role", "is required");
    }
    if (!path_word(role)) {
        return refuse("role",
                      "\"{}\" cannot be used: expected the name of the Kubernetes auth role, as in "
                      "pki_int",
                      printable(role) ? role : "(unprintable)");
    }
    return {};
}

Result<void> check_pki_path(std::string_view path) {
    if (path.empty()) {
        return refuse("pki path", "is required");
    }
    if (!printable(path)) {
        return refuse("pki path", "has unprintable characters");
    }
    if (path.starts_with("/v1/") || path.starts_with("v1/") || path.starts_with('/')) {
        return refuse("pki path",
                      "\"{}\" begins with {}: expected MOUNT/sign/ROLE, as in "
                      "pki_int/sign/example-dot-com",
                      path,
                      path.starts_with("/v1/") ? "/v1/"
                      : path.starts_with('/')  ? "/"
                                               : "v1/");
    }
    const auto words = split(path, '/');
    if (words.size() >= 3 && words[words.size() - 2] == "issue") {
        return refuse("pki path",
                      "\"{}\" must use the sign endpoint: with issue, Vault would make the private "
                      "key",
                      path);
    }
    if (words.size() < 3 || words[words.size() - 2] != "sign" ||
        !std::ranges::all_of(words, path_word)) {
        return refuse("pki path",
                      "\"{}\" is not MOUNT/sign/ROLE, as in pki_int/sign/example-dot-com", path);
    }
    return {};
}

Result<void> check_mount_path(std::string_view path) {
    const auto words = path.starts_with(mount_prefix) ? split(path.substr(mount_prefix.size()), '/')
                                                      : std::vector<std::string>();
    if (words.empty() || !std::ranges::all_of(words, path_word)) {
        return refuse("mount path", "\"{}\" is not /v1/auth/NAME, as in {}",
                      printable(path) ? path : "(unprintable)", default_mount_path);
    }
    return {};
}

Result<void> check_namespace(std::string_view name) {
    if (!name.empty() && !std::ranges::all_of(split(name, '/'), path_word)) {
        return refuse("namespace",
                      "\"{}\" cannot be used: expected names joined by /, without one at the ends",
                      printable(name) ? name : "(unprintable)");
    }
    return {};
}

}  // namespace

Result<IntegrationAccount> IntegrationAccount::create(AccountSpec spec) {
    if (spec.label.empty()) {
        spec.label = "Certificate Authority: " + spec.name;
    }
    if (spec.mount_path.empty()) {
        spec.mount_path = default_mount_path;
    }
    // In the order of the dialog, so that the first message names the first field that is wrong.
    if (auto checked = check_name(spec.name); !checked) {
        return propagate(checked);
    }
    if (auto checked = check_label(spec.label); !checked) {
        return propagate(checked);
    }
    auto url = check_url(spec.url);
    if (!url) {
        return propagate(url);
    }
    for (const auto& checked : {check_service_account(spec.service_account), check_role(spec.role),
                                check_pki_path(spec.pki_path), check_mount_path(spec.mount_path),
                                check_namespace(spec.vault_namespace)}) {
        if (!checked) {
            return propagate(checked);
        }
    }
    IntegrationAccount account;
    if (!spec.ca_chain_pem.empty()) {
        auto chain = CaBundle::parse(spec.ca_chain_pem);
        if (!chain) {
            return propagate(chain, "certificate authority chain");
        }
        account.chain_ = std::move(*chain);
        spec.ca_chain_pem = account.chain_->pem();
    }
    account.url_ = std::move(*url);
    account.spec_ = std::move(spec);
    return account;
}

std::string IntegrationAccount::auth_mount() const {
    return spec_.mount_path.substr(mount_prefix.size());
}

Result<void> IntegrationAccount::set_service_account(std::string name) {
    if (auto checked = check_service_account(name); !checked) {
        return checked;
    }
    spec_.service_account = std::move(name);
    return {};
}

}  // namespace meshproof::mesh
