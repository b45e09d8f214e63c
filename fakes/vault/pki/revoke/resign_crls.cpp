#include "fakes/vault/pki/revoke/resign_crls.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/logical/go_time.hpp"
#include "fakes/vault/pki/ground/der.hpp"
#include "fakes/vault/pki/ground/issuer_store.hpp"
#include "fakes/vault/pki/ground/pem.hpp"
#include "fakes/vault/pki/ground/urls.hpp"
#include "fakes/vault/pki/ground/usage.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

template <class T>
using Understood = tl::expected<T, std::string>;

using Extensions = std::vector<crypto::RawExtension>;
using Entries = std::vector<crypto::Crl::Entry>;

tl::unexpected<std::string> not_understood(std::string text) {
    return tl::unexpected(std::move(text));
}

struct ListForm {
    crypto::Crl::Spec spec;
    bool der = false;
};

Understood<bool> wants_der(const PkiCall& call) {
    const auto format = call.fields.text("format", "pem");
    if (lower(format) != "pem" && lower(format) != "der") {
        return not_understood("unknown format value of " + format);
    }
    return lower(format) == "der";
}

// What both routes are told of the list itself.
Understood<ListForm> read_form(const Mount& mount, const PkiCall& call) {
    ListForm form;
    const auto number = call.fields.integer("crl_number");
    const auto base = call.fields.integer("delta_crl_base_number", -1);
    const auto valid = read_duration(call.fields.text("next_update", "72h"), mount.product);
    if (!valid) {
        return not_understood("invalid value for next_update: " + valid.error());
    }
    if (*valid <= Duration{}) {
        return not_understood("next_update parameter must be greater than 0");
    }
    if (number < 0) {
        return not_understood("crl_number parameter must be 0 or greater");
    }
    if (base < -1) {
        return not_understood("delta_crl_base_number parameter must be -1 or greater");
    }
    form.spec.number = static_cast<std::uint64_t>(number);
    if (base >= 0) {
        form.spec.delta_base = static_cast<std::uint64_t>(base);
    }
    form.spec.this_update = call.now();
    form.spec.next_update = call.now() + std::min(*valid, Time::max() - call.now());
    return form;
}

// The issuer of the path, which must be one that signs lists.
Understood<SigningCa> list_signer(Mount& mount, const PkiCall& call) {
    const auto found = find_issuer(mount, call.captured("issuer_ref"));
    if (!found) {
        return not_understood("failed to resolve issuer issuer_ref: " + found.error());
    }
    const auto& issuer = **found;
    if ((issuer.usage & crl_signing) == 0) {
        return not_understood(fmt::format(
            "error while attempting to use issuer {}: requested usage crl-signing for issuer "
            "[{}] but only had usage {}",
            issuer.id, issuer_label(issuer), usage_names(issuer.usage)));
    }
    const auto* key = mount.key(issuer.key_id);
    if (key == nullptr) {
        return not_understood(fmt::format(
            "unable to fetch corresponding key for issuer {}; unable to use this issuer for "
            "signing",
            issuer.id));
    }
    if (const auto urls = aia_urls(mount, &issuer); !urls) {
        return not_understood("unable to fetch AIA URL information: " + urls.error());
    }
    return SigningCa{&issuer, key};
}

BackendResponse sign_list(const SigningCa& ca, ListForm form, std::vector<std::string> warnings) {
    const auto algorithm = parse_signature_name(ca.issuer->revocation_signature_algorithm);
    if (algorithm && algorithm->key == ca.key->key.public_key().algorithm()) {
        form.spec.digest = algorithm->digest;
        form.spec.pss = algorithm->pss;
    }
    const auto list = crypto::Crl::make(form.spec, ca.issuer->certificate, ca.key->key);
    return BackendResponse::with(Json{{"crl", form.der ? to_base64(list.der()) : list.pem()}},
                                 std::move(warnings));
}

Understood<crypto::Crl> read_list(const std::string& text) {
    const auto blocks = pem_blocks(text);
    if (blocks.size() != 1 || junk_after_blocks(text)) {
        return not_understood("invalid crl; should be one PEM block only");
    }
    auto list = crypto::Crl::from_der(blocks.front().der);
    return list ? Understood<crypto::Crl>(std::move(*list)) : not_understood("x509: malformed crl");
}

// Each serial number once, since when it was first revoked, without what it was marked with.
Entries united(const std::vector<crypto::Crl>& lists, std::vector<std::string>& warnings) {
    std::map<Bytes, crypto::Crl::Entry> entries;
    for (const auto& list : lists) {
        for (auto& entry : list.entries()) {
            const auto [place, added] = entries.emplace(entry.serial, entry);
            auto& kept = place->second;
            if (added || kept.revoked_at == entry.revoked_at) {
                continue;
            }
            warnings.push_back(fmt::format(
                "Duplicate serial {} with different revocation times detected, using oldest "
                "revocation time",
                crypto::serial_text(entry.serial)));
            kept.revoked_at = std::min(kept.revoked_at, entry.revoked_at);
        }
    }
    Entries all;
    for (auto& [serial, entry] : entries) {
        all.push_back(std::move(entry));
    }
    return all;
}

// As Go's JSON values become texts.
std::string go_plain(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

Understood<Bytes> read_hex_serial(const Json& entry) {
    if (!entry.contains("serial_number")) {
        return not_understood("missing 'serial_number' field");
    }
    auto text = go_plain(entry["serial_number"]);
    std::erase_if(text,
                  [](char c) { return std::string_view(":.- ").find(c) != std::string::npos; });
    if (const auto fault = go_hex_fault(text); !fault.empty()) {
        return not_understood("'serial_number' failed converting to bytes: " + fault);
    }
    std::vector<std::string> pairs;
    for (std::size_t at = 0; at < text.size(); at += 2) {
        pairs.push_back(text.substr(at, 2));
    }
    return crypto::parse_serial(join(pairs, ":")).value_or(Bytes{0});
}

Understood<Time> read_revocation_time(const Json& entry) {
    if (!entry.contains("revocation_time")) {
        return not_understood("missing 'revocation_time' field");
    }
    const auto text = go_plain(entry["revocation_time"]);
    if (const auto time = parse_go_time(text)) {
        return *time;
    }
    constexpr std::int64_t readable = 9'000'000'000;  // beyond it, a Time would overflow
    if (const auto seconds = go_integer(text, 10);
        seconds && *seconds > -readable && *seconds < readable) {
        return Time{} + std::chrono::seconds(*seconds);
    }
    return not_understood(
        fmt::format("failed parsing time {}: could not parse string as date and time", text));
}

// "1.2.3"; reserved ones are the server's to write.
Understood<std::string> read_extension_id(const Json& entry) {
    if (!entry.contains("id")) {
        return not_understood("missing id field");
    }
    const auto text = go_plain(entry["id"]);
    if (text.empty()) {
        return not_understood("zero length object identifier");
    }
    std::vector<std::string> arcs;
    for (const auto& arc : split(text, '.')) {
        const auto number = go_integer(arc, 10);
        if (!number) {
            return not_understood(
                fmt::format("failed parsing asn1 index element {} value {}: strconv.Atoi: "
                            "parsing {}: {}",
                            arcs.size(), arc, go_quoted(arc), number.error()));
        }
        arcs.push_back(std::to_string(*number));
    }
    const auto id = join(arcs, ".");
    for (const auto& [reserved, name] :
         {std::pair("2.5.29.35", "authority key"), std::pair("2.5.29.20", "crl number"),
          std::pair("2.5.29.27", "delta crl")}) {
        if (id == reserved) {
            return not_understood(fmt::format("{} object identifier ({}) is reserved", name, id));
        }
    }
    return id;
}

Understood<crypto::RawExtension> read_extension(const Json& entry, Product product) {
    auto id = read_extension_id(entry);
    if (!id) {
        return not_understood(id.error());
    }
    crypto::RawExtension extension{std::move(*id), false, {}};
    if (const auto given = entry.value("critical", Json()); !given.is_null() && given != "") {
        static const Fields flag{{{"flag", FieldType::boolean}}};
        const auto read = FieldData::read(flag, Json{{"flag", given}}, product);
        if (!read) {
            return not_understood(
                fmt::format("critical field value failed to be parsed: cannot parse '' as bool: "
                            "strconv.ParseBool: parsing {}: invalid syntax",
                            go_quoted(go_plain(given))));
        }
        extension.critical = read->boolean("flag");
    }
    if (!entry.contains("value")) {
        return not_understood("missing 'value' field");
    }
    const auto value = from_base64(go_plain(entry["value"]));
    if (!value) {
        return not_understood(
            "failed base64 decoding 'value' field: illegal base64 data at input byte 0");
    }
    const auto bytes = as_bytes(*value);
    extension.value.assign(bytes.begin(), bytes.end());
    return extension;
}

Understood<Extensions> read_extension_list(const Json& given, Product product) {
    Extensions extensions;
    std::set<std::string, std::less<>> seen;
    for (std::size_t at = 0; at < given.size(); ++at) {
        if (!given[at].is_object()) {
            return not_understood(fmt::format("extension entry {} not a map", at));
        }
        auto extension = read_extension(given[at], product);
        if (!extension) {
            return not_understood(
                fmt::format("failed parsing extension entry {}: {}", at, extension.error()));
        }
        if (!seen.insert(extension->oid).second) {
            return not_understood("duplicate extension id: " + extension->oid);
        }
        extensions.push_back(std::move(*extension));
    }
    return extensions;
}

Understood<Extensions> extensions_of(const Json& entry, Product product) {
    const auto given = entry.value("extensions", Json());
    if (given.is_null() || given == "") {
        return Extensions();
    }
    if (!given.is_array()) {
        return not_understood("'extensions' field did not contain a slice");
    }
    return read_extension_list(given, product);
}

// A list as the routes take one: anything else is a list of it.
Json as_list(const Json& given) {
    if (given.is_null() || given == Json::object()) {
        return Json::array();
    }
    return given.is_array() ? given : Json::array({given});
}

// Entries that are no maps are nobody's.
Understood<Entries> read_entries(const Json& given, Product product) {
    Entries entries;
    for (std::size_t at = 0; at < given.size(); ++at) {
        const auto& entry = given[at];
        if (!entry.is_object()) {
            continue;
        }
        auto serial = read_hex_serial(entry);
        if (!serial) {
            return not_understood(
                fmt::format("failed parsing serial_number from entry {}: {}", at, serial.error()));
        }
        const auto time = read_revocation_time(entry);
        if (!time) {
            return not_understood(
                fmt::format("failed parsing revocation_time from entry {}: {}", at, time.error()));
        }
        auto extensions = extensions_of(entry, product);
        if (!extensions) {
            return not_understood(
                fmt::format("failed parsing extensions from entry {}: {}", at, extensions.error()));
        }
        entries.push_back({std::move(*serial), *time, std::move(*extensions)});
    }
    return entries;
}

// Go reads any numbers, and finds that they are no identifier when it writes them.
bool writable(const Extensions& extensions) {
    return std::ranges::all_of(extensions, [](const auto& one) {
        return one.value.size() < 65536 && oid_fault(one.oid).empty();
    });
}

}  // namespace

BackendResponse resign_crls(Mount& mount, const PkiCall& call) {
    const auto der = wants_der(call);
    if (!der) {
        return BackendResponse::error(der.error());
    }
    auto form = read_form(mount, call);
    if (!form) {
        return BackendResponse::error(form.error());
    }
    form->der = *der;
    std::vector<crypto::Crl> lists;
    for (const auto& text : call.fields.list("crls")) {
        auto list = read_list(text);
        if (!list) {
            return BackendResponse::error(
                fmt::format("failed decoding crl {}: {}", lists.size(), list.error()));
        }
        lists.push_back(std::move(*list));
    }
    const auto ca = list_signer(mount, call);
    if (!ca) {
        return BackendResponse::error(ca.error());
    }
    for (std::size_t at = 0; at < lists.size(); ++at) {
        if (!lists[at].signed_by(ca->issuer->certificate)) {
            return BackendResponse::error(
                fmt::format("CRL index: {} was not signed by requested issuer", at));
        }
    }
    std::vector<std::string> warnings;
    form->spec.entries = united(lists, warnings);
    return sign_list(*ca, std::move(*form), std::move(warnings));
}

BackendResponse sign_revocation_list(Mount& mount, const PkiCall& call) {
    auto form = read_form(mount, call);
    if (!form) {
        return BackendResponse::error(form.error());
    }
    const auto der = wants_der(call);
    if (!der) {
        return BackendResponse::error(der.error());
    }
    form->der = *der;
    auto entries = read_entries(as_list(call.fields.json("revoked_certs")), mount.product);
    if (!entries) {
        return BackendResponse::error(entries.error());
    }
    auto extensions = read_extension_list(as_list(call.fields.json("extensions")), mount.product);
    if (!extensions) {
        return BackendResponse::error(extensions.error());
    }
    const auto ca = list_signer(mount, call);
    if (!ca) {
        return BackendResponse::error(ca.error());
    }
    const bool entries_writable =
        std::ranges::all_of(*entries, [](const auto& entry) { return writable(entry.extensions); });
    if (!entries_writable || !writable(*extensions)) {
        return BackendResponse::go_error(
            "error creating new CRL: asn1: structure error: invalid object identifier");
    }
    form->spec.entries = std::move(*entries);
    form->spec.extensions = std::move(*extensions);
    return sign_list(*ca, std::move(*form), {});
}

}  // namespace meshproof::fakes::vault::pki
