#include "fakes/vault/pki/ground/mount.hpp"

#include <algorithm>

namespace meshproof::fakes::vault::pki {

namespace {

// Sorted by name, as the real servers print them.
constexpr std::array<std::pair<std::string_view, unsigned>, 4> usages = {{
    {"crl-signing", crl_signing},
    {"issuing-certificates", issuing_certificates},
    {"ocsp-signing", ocsp_signing},
    {"read-only", read_only},
}};

}  // namespace

std::string usage_names(unsigned usage) {
    std::vector<std::string> names;
    for (const auto& [name, bit] : usages) {
        if ((usage & bit) != 0) {
            names.emplace_back(name);
        }
    }
    return join(names, ",");
}

std::optional<unsigned> parse_usage(const std::vector<std::string>& names) {
    unsigned usage = read_only;  // always there
    for (const auto& name : names) {
        const auto found =
            std::ranges::find_if(usages, [&](const auto& one) { return one.first == name; });
        if (found == usages.end()) {
            return std::nullopt;
        }
        usage = found->second == read_only ? usage : usage ^ found->second;
    }
    return usage;
}

Issuer* Mount::issuer(std::string_view id) {
    const auto found = std::ranges::find_if(issuers, [&](const auto& one) { return one.id == id; });
    return found == issuers.end() ? nullptr : &*found;
}

SigningKey* Mount::key(std::string_view id) {
    const auto found = std::ranges::find_if(keys, [&](const auto& one) { return one.id == id; });
    return found == keys.end() ? nullptr : &*found;
}

Bytes Mount::new_serial() {
    auto serial = prng.bytes(20);
    serial[0] &= 0x7FU;
    while (serial.size() > 1 && serial.front() == 0) {
        serial.erase(serial.begin());
    }
    return serial;
}

std::string PkiCall::captured(std::string_view name, std::string_view fallback) const {
    const auto found = path.find(name);
    return found == path.end() ? std::string(fallback) : found->second;
}

tl::unexpected<BackendResponse> refuse(std::string text) {
    return tl::unexpected<BackendResponse>(BackendResponse::error(std::move(text)));
}

tl::unexpected<BackendResponse> go_error(std::string text) {
    return tl::unexpected<BackendResponse>(BackendResponse::go_error(std::move(text)));
}

BackendResponse not_found() {
    return BackendResponse::error("", 404);
}

BackendResponse raw_answer(std::string content_type, std::string body) {
    BackendResponse answer;
    answer.kind = BackendResponse::Kind::raw;
    answer.raw.status = body.empty() ? 204 : 200;
    answer.raw.headers.set("Content-Type", std::move(content_type));
    answer.raw.body = std::move(body);
    return answer;
}

}  // namespace meshproof::fakes::vault::pki
