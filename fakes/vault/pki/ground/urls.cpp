#include "fakes/vault/pki/ground/urls.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/pki/ground/uri.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

void replace_all(std::string& text, std::string_view what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

constexpr std::string_view issuer_id_field = "{{issuer_id}}", path_field = "{{cluster_path}}",
                           aia_path_field = "{{cluster_aia_path}}";

// The host names that Vault 1.14 takes: letters beyond ASCII too, an underscore only before the
// last label, digits alone only as an address.
bool is_url_host(std::string_view host) {
    if (host.starts_with('[')) {
        return true;
    }
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    const auto labels = split(host, '.');
    const auto alphanumeric = [](char c) { return letter_or_digit(c) || (c & 0x80) != 0; };
    const auto number = [](std::string_view label) {
        return label.find_first_not_of("0123456789") == std::string_view::npos;
    };
    for (const auto& label : labels) {
        const bool last = &label == &labels.back();
        if (label.empty() || !alphanumeric(label.front()) || !alphanumeric(label.back()) ||
            !std::ranges::all_of(label, [&](char c) {
                return alphanumeric(c) || c == '-' || (c == '_' && !last);
            })) {
            return false;
        }
    }
    if (!number(labels.back()) || labels.size() == 1) {
        return true;
    }
    return labels.size() == 4 && std::ranges::all_of(labels, [&](const auto& label) {
               return number(label) && label.size() <= 3 && std::stoi(label) < 256;
           });
}

tl::expected<AiaUrls, std::string> filled_in(const Mount& mount, AiaUrls urls,
                                             const std::string& issuer_id) {
    const std::array<std::tuple<std::string_view, std::string_view, const std::string&>, 2> paths =
        {{{path_field, "path", mount.cluster_path},
          {aia_path_field, "aia_path", mount.cluster_aia_path}}};
    for (const auto& [field, name, value] : paths) {
        for (const auto& [list, texts] : lists_of(urls)) {
            for (auto& url : *texts) {
                if (url.find(field) != std::string::npos && value.empty()) {
                    return tl::unexpected(fmt::format(
                        "unable to template AIA URLs as we lack local cluster address information "
                        "({})",
                        name));
                }
                replace_all(url, field, value);
            }
        }
    }
    for (const auto& [list, texts] : lists_of(urls)) {
        for (auto& url : *texts) {
            replace_all(url, issuer_id_field, issuer_id);
            if (!url.empty() && !is_url(mount, url)) {
                return tl::unexpected(
                    fmt::format("error validating templated {}; invalid URI: {}", list, url));
            }
        }
    }
    return urls;
}

bool names_its_issuer(AiaUrls urls) {
    for (const auto& [name, texts] : lists_of(urls)) {
        for (const auto& url : *texts) {
            if (url.find(issuer_id_field) != std::string::npos) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

UrlLists lists_of(AiaUrls& urls) {
    return {{{"issuing_certificates", &urls.issuing_certificates},
             {"crl_distribution_points", &urls.crl_distribution_points},
             {"delta_crl_distribution_points", &urls.delta_crl_distribution_points},
             {"ocsp_servers", &urls.ocsp_servers}}};
}

bool is_url(const Mount& mount, std::string_view text) {
    auto rest = text;
    std::string_view scheme;
    if (const auto end = text.find("://"); end != std::string_view::npos) {
        scheme = text.substr(0, end);
        rest = text.substr(end + 3);
    }
    if (!mount.openbao()) {
        constexpr std::array<std::string_view, 7> schemes = {"ftp", "tcp",  "udp",  "ws",
                                                             "wss", "http", "https"};
        const bool dotted = rest.find_first_of(".:") != std::string_view::npos;
        if (text.find_first_of(" \t\n") != std::string_view::npos ||
            (scheme.empty() ? !dotted : std::ranges::find(schemes, scheme) == schemes.end())) {
            return false;
        }
    } else if (scheme.empty()) {
        return false;
    }
    auto host = rest.substr(0, rest.find_first_of("/?#"));
    host = host.substr(host.rfind('@') == std::string_view::npos ? 0 : host.rfind('@') + 1);
    const auto parsed =
        rewritten_uri(std::string(scheme.empty() ? "http://" : "") + std::string(text));
    if (host.empty() || !parsed) {
        return false;
    }
    if (!host.starts_with('[')) {
        host = host.substr(0, host.find(':'));
    }
    return mount.openbao() || is_url_host(host);
}

tl::expected<AiaUrls, std::string> aia_urls(const Mount& mount, const Issuer* issuer) {
    const auto& urls = issuer != nullptr && issuer->aia ? *issuer->aia : mount.urls;
    if (!urls.templating) {
        return urls;
    }
    // A root gets no URLs at all where they would name an issuer that does not exist yet.
    auto filled = filled_in(mount, urls, issuer != nullptr ? issuer->id : "");
    return filled && issuer == nullptr && names_its_issuer(urls) ? AiaUrls{} : filled;
}

std::optional<std::string> template_warning(const Mount& mount, const AiaUrls& urls,
                                            const std::string& issuer_id) {
    const auto filled = filled_in(mount, urls, issuer_id);
    if (!urls.templating || filled) {
        return std::nullopt;
    }
    return fmt::format(
        "issuance may fail: {}\n\nConsider setting the cluster-local address if it is not already "
        "set.",
        filled.error());
}

std::optional<std::string> aia_warning(const AiaUrls& urls) {
    if (!urls.empty()) {
        return std::nullopt;
    }
    return "This mount hasn't configured any authority information access (AIA) fields; this may "
           "make it harder for systems to find missing certificates in the chain or to validate "
           "revocation status of certificates. Consider updating /config/urls or the newly "
           "generated issuer with this information.";
}

void take_url_lists(const PkiCall& call, bool all, AiaUrls& urls) {
    for (const auto& [field, list] : lists_of(urls)) {
        if (all || call.fields.has(field)) {
            *list = call.fields.list(field);
        }
    }
}

Checked<> check_urls(const Mount& mount, const AiaUrls& urls) {
    if (urls.templating) {
        return {};
    }
    auto given = urls;
    for (const auto& [name, list] : lists_of(given)) {
        for (const auto& url : *list) {
            if (url.empty()) {
                break;  // nobody looks at what follows it
            }
            const bool fields = std::ranges::any_of(
                std::array{issuer_id_field, path_field, aia_path_field},
                [&](auto field) { return url.find(field) != std::string::npos; });
            if (!is_url(mount, url) || fields) {
                return refuse(fmt::format(
                    "invalid URL found in Authority Information Access (AIA) parameter {}: {}",
                    name, url));
            }
        }
    }
    return {};
}

}  // namespace meshproof::fakes::vault::pki
