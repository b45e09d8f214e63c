// What is signed is changed as a tree of DER values, and signed anew.
#include <algorithm>
#include <map>

#include "conformance/mutation/der.hpp"
#include "conformance/mutation/edit.hpp"
#include "core/base/text.hpp"
#include "core/crypto/signature.hpp"

namespace meshproof::conformance::mutation {
namespace {

using crypto::Key;
using crypto::KeyType;
using Change = std::function<bool(Der&)>;

constexpr std::uint8_t context_0 = 0xa0, context_1 = 0xa1, context_3 = 0xa3;

/// The tree below `path`, or null.
Der* below(Der& root, const std::vector<std::size_t>& path) {
    Der* at = &root;
    for (const auto index : path) {
        if (index >= at->children.size()) {
            return nullptr;
        }
        at = &at->children[index];
    }
    return at;
}

struct Found {
    Edit::Kind kind = Edit::Kind::changed;
    std::string path{}, what{};
    Change change{};
    /// In its place: a change that has to know more.
    std::function<bool(Der&, const Keys&)> knowing{};
    /// What signs it in place of who signed it before.
    std::optional<Key> signer{};
    bool sign = true;
    std::size_t algorithm_at = 0;  ///< in the signed part, which the one beside it has to equal
    bool other_algorithm = false;  ///< the one beside the signed part alone
};

/// Collects changes of a tree, each at a path of child indexes from its root.
class Finder {
  public:
    std::vector<Found> found;

    void add(Edit::Kind kind, std::string path, std::string what, Change change) {
        found.push_back({kind, std::move(path), std::move(what), std::move(change)});
    }

    /// Every primitive value below `value`, altered.
    void leaves(const Der& value, const std::vector<std::size_t>& at, const std::string& name) {
        if (!value.constructed()) {
            leaf(value, at, name);
            return;
        }
        for (std::size_t i = 0; i < value.children.size(); ++i) {
            auto deeper = at;
            deeper.push_back(i);
            leaves(value.children[i], deeper,
                   value.children.size() == 1 ? name : fmt::format("{}.{}", name, i));
        }
    }

    void leaf(const Der& value, const std::vector<std::size_t>& at, const std::string& name) {
        if (value.tag == der_utc_time || value.tag == der_time) {
            time(at, name);
            return;
        }
        if (auto trial = value; alter(trial)) {
            add(Edit::Kind::changed, name, "changed", [at](Der& root) {
                auto* place = below(root, at);
                return place != nullptr && alter(*place);
            });
        }
    }

    void time(const std::vector<std::size_t>& at, const std::string& name) {
        using namespace std::chrono_literals;
        for (const auto& [what, by] : {std::pair("a minute later", Duration(1min)),
                                       {"a minute earlier", Duration(-1min)},
                                       {"a month later", Duration(24h * 31)}}) {
            add(Edit::Kind::changed, name, what, [at, moved = by](Der& root) {
                auto* place = below(root, at);
                return place != nullptr && move_time(*place, moved);
            });
        }
    }

    /// Each child of the list at `at`, dropped; all of them, where there are several.
    void drops(const Der& list, const std::vector<std::size_t>& at, const std::string& name) {
        for (std::size_t i = 0; i < list.children.size(); ++i) {
            add(Edit::Kind::removed, fmt::format("{}.{}", name, i), "dropped", [at, i](Der& root) {
                auto* place = below(root, at);
                if (place == nullptr || i >= place->children.size()) {
                    return false;
                }
                place->children.erase(place->children.begin() + static_cast<std::ptrdiff_t>(i));
                return true;
            });
        }
        if (list.children.size() > 1) {
            add(Edit::Kind::emptied, name, "emptied", [at](Der& root) {
                auto* place = below(root, at);
                if (place != nullptr) {
                    place->children.clear();
                }
                return place != nullptr;
            });
        }
    }

    void append(const std::vector<std::size_t>& at, const std::string& name, std::string what,
                Der value) {
        add(Edit::Kind::added, name, std::move(what), [at, value = std::move(value)](Der& root) {
            auto* place = below(root, at);
            if (place != nullptr) {
                place->children.push_back(value);
            }
            return place != nullptr;
        });
    }
};

Der primitive(std::uint8_t tag, std::string content) {
    return {.tag = tag, .content = std::move(content)};
}

Der sequence(std::vector<Der> children) {
    return {.tag = der_sequence, .children = std::move(children)};
}

// --- names

Der attribute(std::string_view oid, std::string value) {
    return {.tag = der_set,
            .children = {sequence(
                {primitive(der_oid, oid_content(oid)), primitive(der_utf8, std::move(value))})}};
}

void name_edits(Finder& finder, const Der& name, const std::vector<std::size_t>& at,
                const std::string& label) {
    for (std::size_t i = 0; i < name.children.size(); ++i) {
        auto value = at;
        value.insert(value.end(), {i, 0, 1});
        finder.add(Edit::Kind::changed, fmt::format("{}.{}", label, i), "changed",
                   [value](Der& root) {
                       auto* place = below(root, value);
                       return place != nullptr && alter(*place);
                   });
    }
    finder.drops(name, at, label);
    finder.append(at, label, "an organization added", attribute("2.5.4.10", "other"));
    finder.append(at, label, "a common name added", attribute("2.5.4.3", "other.test"));
}

// --- extensions

struct KnownExtension {
    std::string_view oid, name;
};
constexpr KnownExtension known_extensions[] = {
    {"2.5.29.14", "subjectKeyIdentifier"},
    {"2.5.29.15", "keyUsage"},
    {"2.5.29.17", "subjectAltName"},
    {"2.5.29.19", "basicConstraints"},
    {"2.5.29.20", "cRLNumber"},
    {"2.5.29.27", "deltaCRLIndicator"},
    {"2.5.29.30", "nameConstraints"},
    {"2.5.29.31", "cRLDistributionPoints"},
    {"2.5.29.32", "certificatePolicies"},
    {"2.5.29.35", "authorityKeyIdentifier"},
    {"2.5.29.37", "extKeyUsage"},
    {"1.3.6.1.5.5.7.1.1", "authorityInfoAccess"},
    {"2.5.29.28", "issuingDistributionPoint"},
};

std::string extension_name(const Der& extension) {
    const auto oid = extension.children.empty() ? "" : dotted_oid(extension.children[0].content);
    const auto* known = std::ranges::find(known_extensions, oid, &KnownExtension::oid);
    return known == std::end(known_extensions) ? oid : std::string(known->name);
}

Der extension(std::string_view oid, bool critical, const Der& value) {
    auto made = sequence({primitive(der_oid, oid_content(oid))});
    if (critical) {
        made.children.push_back(primitive(der_boolean, "\xff"));
    }
    made.children.push_back(primitive(der_octets, value.write()));
    return made;
}

/// A change of the value inside an extension's octets.
Change inside(std::vector<std::size_t> at, Change change) {
    return [at = std::move(at), change = std::move(change)](Der& root) {
        auto* place = below(root, at);
        if (place == nullptr || place->children.empty()) {
            return false;
        }
        auto& octets = place->children.back();
        auto value = Der::read(octets.content);
        if (!value || !change(*value)) {
            return false;
        }
        octets.content = value->write();
        return true;
    };
}

/// Bit `bit` of a bit string, the other way; written as DER has named bits, without trailing zeros.
bool flip_bit(Der& bits, std::size_t bit) {
    if (bits.tag != der_bits || bits.content.empty()) {
        return false;
    }
    std::string bytes = bits.content.substr(1);
    bytes.resize(std::max(bytes.size(), bit / 8 + 1), '\0');
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (0x80U >> bit % 8));
    while (!bytes.empty() && bytes.back() == '\0') {
        bytes.pop_back();
    }
    unsigned unused = 0;
    while (!bytes.empty() && (static_cast<std::uint8_t>(bytes.back()) >> unused & 1U) == 0) {
        ++unused;
    }
    bits.content = static_cast<char>(unused) + bytes;
    return true;
}

/// What the extension's value says, one thing at a time.
std::vector<Found> value_edits(const std::string& name, const Der& value) {
    Finder finder;
    if (name == "keyUsage") {
        for (std::size_t bit = 0; bit < 9; ++bit) {
            finder.add(Edit::Kind::changed, fmt::format("bit {}", bit), "flipped",
                       [bit](Der& bits) { return flip_bit(bits, bit); });
        }
        return std::move(finder.found);
    }
    finder.leaves(value, {}, "value");
    if (value.tag == der_sequence && name != "authorityKeyIdentifier") {
        finder.drops(value, {}, "value");
    }
    if (name == "subjectAltName") {
        finder.append({}, "value", "a DNS name added", primitive(0x82, "other.test"));
        finder.append({}, "value", "an e-mail address added", primitive(0x81, "a@other.test"));
        finder.append({}, "value", "a URI added", primitive(0x86, "spiffe://other.test/x"));
        finder.append({}, "value", "an IP address added", primitive(0x87, "\x0a\x01\x02\x03"));
    } else if (name == "extKeyUsage") {
        finder.append({}, "value", "a purpose added",
                      primitive(der_oid, oid_content("1.3.6.1.5.5.7.3.36")));
    } else if (name == "basicConstraints") {
        if (value.children.empty()) {
            finder.append({}, "value", "made a CA", primitive(der_boolean, "\xff"));
        } else if (value.children.size() == 1) {
            finder.append({}, "value", "a path length added", primitive(der_integer, "\x03"));
        }
    }
    return std::move(finder.found);
}

/// Of one extension at `at`: dropped, its criticality, its value.
void extension_edits(Finder& finder, const Der& one, const std::vector<std::size_t>& at) {
    const auto name = extension_name(one);
    finder.add(Edit::Kind::changed, name, "criticality flipped", [at](Der& root) {
        auto* place = below(root, at);
        if (place == nullptr || place->children.size() < 2) {
            return false;
        }
        if (place->children.size() == 3) {
            place->children.erase(place->children.begin() + 1);
        } else {
            place->children.insert(place->children.begin() + 1, primitive(der_boolean, "\xff"));
        }
        return true;
    });
    const auto value = one.children.empty() ? std::nullopt : Der::read(one.children.back().content);
    if (!value) {
        return;
    }
    for (auto& found : value_edits(name, *value)) {
        finder.add(found.kind, name + " " + found.path, found.what,
                   inside(at, std::move(found.change)));
    }
}

/// Extensions that a certificate, CRL or CSR may get beside its own.
std::vector<std::pair<std::string, Der>> more_extensions() {
    const auto text = primitive(der_utf8, "x");
    const auto uri = primitive(0x86, "http://other.test/x");
    const Der full_name{.tag = context_0, .children = {{.tag = context_0, .children = {uri}}}};
    return {
        {"1.3.6.1.4.1.55555.1", extension("1.3.6.1.4.1.55555.1", false, text)},
        {"1.3.6.1.4.1.55555.2", extension("1.3.6.1.4.1.55555.2", true, text)},
        {"basicConstraints",
         extension("2.5.29.19", true, sequence({primitive(der_boolean, "\xff")}))},
        {"keyUsage", extension("2.5.29.15", true, primitive(der_bits, "\x07\x80"))},
        {"extKeyUsage",
         extension("2.5.29.37", false,
                   sequence({primitive(der_oid, oid_content("1.3.6.1.5.5.7.3.1"))}))},
        {"subjectAltName",
         extension("2.5.29.17", false, sequence({primitive(0x82, "other.test")}))},
        {"subjectAltName of a URI",
         extension("2.5.29.17", false, sequence({primitive(0x86, "spiffe://other.test/x")}))},
        {"1.2.3.4", extension("1.2.3.4", false, primitive(0x05, ""))},
        {"cRLDistributionPoints", extension("2.5.29.31", false, sequence({sequence({full_name})}))},
        {"authorityInfoAccess",
         extension(
             "1.3.6.1.5.5.7.1.1", false,
             sequence({sequence({primitive(der_oid, oid_content("1.3.6.1.5.5.7.48.1")), uri})}))},
        {"authorityInfoAccess of an issuer",
         extension(
             "1.3.6.1.5.5.7.1.1", false,
             sequence({sequence({primitive(der_oid, oid_content("1.3.6.1.5.5.7.48.2")), uri})}))},
        {"certificatePolicies",
         extension("2.5.29.32", false,
                   sequence({sequence({primitive(der_oid, oid_content("1.2.3.4"))})}))},
        {"subjectKeyIdentifier",
         extension("2.5.29.14", false, primitive(der_octets, std::string(20, '\x11')))},
        {"deltaCRLIndicator", extension("2.5.29.27", true, primitive(der_integer, "\x01"))},
    };
}

/// Of the list of extensions at `at`.
void extensions_edits(Finder& finder, const Der& list, const std::vector<std::size_t>& at) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < list.children.size(); ++i) {
        auto one = at;
        one.push_back(i);
        names.push_back(extension_name(list.children[i]));
        finder.add(Edit::Kind::removed, names.back(), "dropped", [at, i](Der& root) {
            auto* place = below(root, at);
            if (place == nullptr || i >= place->children.size()) {
                return false;
            }
            place->children.erase(place->children.begin() + static_cast<std::ptrdiff_t>(i));
            return true;
        });
        extension_edits(finder, list.children[i], one);
    }
    for (auto& [name, value] : more_extensions()) {
        const auto kind = name.substr(0, name.find(' '));
        if (std::ranges::find(names, kind) == names.end()) {
            finder.append(at, name, "added", std::move(value));
        }
    }
}

// --- keys and signatures

/// A key of this kind that is nobody else's. Kept: an RSA key takes a tenth of a second.
const Key& stranger(KeyType type) {
    thread_local std::map<KeyType, Key> kept;
    auto found = kept.find(type);
    if (found == kept.end()) {
        found = kept.emplace(type, Key::generate(type)).first;
    }
    return found->second;
}

constexpr std::string_view rsa_oid = "1.2.840.113549.1.1.1", p384_oid = "1.3.132.0.34",
                           ed25519_oid = "1.3.101.112";

/// The kind of a SubjectPublicKeyInfo's key, as far as a stranger's will do.
KeyType kind_of(const Der& spki) {
    const auto& algorithm = spki.children.at(0);
    const auto oid = dotted_oid(algorithm.children.at(0).content);
    if (oid == rsa_oid) {
        return KeyType::rsa_2048;
    }
    if (oid == ed25519_oid) {
        return KeyType::ed25519;
    }
    const auto curve =
        algorithm.children.size() > 1 ? dotted_oid(algorithm.children[1].content) : "";
    return curve == p384_oid ? KeyType::p384 : KeyType::p256;
}

/// The key at `at`, exchanged; of its kind, and of another. `itself`: who owns the key signs, too.
void key_edits(Finder& finder, const Der& spki, std::size_t at, bool itself) {
    if (spki.children.empty() || spki.children[0].children.empty()) {
        return;
    }
    const auto kind = kind_of(spki);
    const auto other = kind == KeyType::p256 ? KeyType::p384 : KeyType::p256;
    for (const auto& [type, what] : {std::pair(kind, "exchanged"), {other, "of another kind"}}) {
        Found found{Edit::Kind::changed, "key", what, [at, used = type](Der& tbs) {
                        auto value = Der::read(as_text(stranger(used).public_key().spki_der()));
                        if (!value || at >= tbs.children.size()) {
                            return false;
                        }
                        tbs.children[at] = std::move(*value);
                        return true;
                    }};
        if (itself && type == kind) {
            found.signer = stranger(type);
        }
        finder.found.push_back(std::move(found));
    }
}

constexpr std::pair<std::string_view, std::string_view> other_algorithm[] = {
    {"1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3"},  // ecdsa-with-SHA256, 384
    {"1.2.840.10045.4.3.3", "1.2.840.10045.4.3.2"},
    {"1.2.840.10045.4.3.4", "1.2.840.10045.4.3.2"},      // 512
    {"1.2.840.113549.1.1.11", "1.2.840.113549.1.1.13"},  // sha256WithRSAEncryption, 512
    {"1.2.840.113549.1.1.12", "1.2.840.113549.1.1.11"},
    {"1.2.840.113549.1.1.13", "1.2.840.113549.1.1.11"},
    {"1.2.840.113549.1.1.10", "1.2.840.113549.1.1.11"},  // RSASSA-PSS
};

bool exchange_algorithm(Der& algorithm) {
    if (algorithm.children.empty()) {
        return false;
    }
    const auto oid = dotted_oid(algorithm.children[0].content);
    for (const auto& [from, to] : other_algorithm) {
        if (oid == from) {
            const bool pss = oid == "1.2.840.113549.1.1.10";
            algorithm.children[0].content = oid_content(to);
            if (pss) {
                algorithm.children[1] = primitive(0x05, "");
            }
            return true;
        }
    }
    return false;
}

// --- the four kinds of structures

enum class Structure { certificate, crl, csr, ocsp };

bool signed_shape(const Der& whole) {
    return whole.tag == der_sequence && whole.children.size() >= 3 &&
           whole.children[0].tag == der_sequence && whole.children[1].tag == der_sequence &&
           whole.children[2].tag == der_bits && whole.children[2].content.size() > 1;
}

/// Index of a CRL's first time, or nothing.
std::optional<std::size_t> this_update_of(const Der& tbs) {
    for (std::size_t i = 2; i < std::min<std::size_t>(tbs.children.size(), 4); ++i) {
        if (tbs.children[i].tag == der_utc_time || tbs.children[i].tag == der_time) {
            return i;
        }
    }
    return std::nullopt;
}

/// Signed by itself: by a stranger's key, which is its own now.
void own_issuer_edit(Finder& finder) {
    Found found{.path = "issuer", .what = "itself"};
    found.change = [](Der& tbs) {
        const auto key = Der::read(as_text(stranger(KeyType::p256).public_key().spki_der()));
        tbs.children[3] = tbs.children[5];
        tbs.children[6] = *key;
        return true;
    };
    found.signer = stranger(KeyType::p256);
    finder.found.push_back(std::move(found));
}

void certificate_edits(Finder& finder, const Der& tbs) {
    static const char* const names[] = {"version",  "serial",  "algorithm", "issuer",
                                        "validity", "subject", "key"};
    finder.leaf(tbs.children[1], {1}, names[1]);
    for (std::size_t i = 0; i < tbs.children[3].children.size(); ++i) {
        finder.leaf(tbs.children[3].children[i].children.at(0).children.at(1), {3, i, 0, 1},
                    fmt::format("issuer.{}", i));
    }
    finder.time({4, 0}, "notBefore");
    finder.time({4, 1}, "notAfter");
    name_edits(finder, tbs.children[5], {5}, names[5]);
    own_issuer_edit(finder);
    key_edits(finder, tbs.children[6], 6, false);
    for (std::size_t i = 7; i < tbs.children.size(); ++i) {
        if (tbs.children[i].tag == context_3) {
            extensions_edits(finder, tbs.children[i].children.at(0), {i, 0});
        }
    }
}

void csr_edits(Finder& finder, const Der& tbs) {
    name_edits(finder, tbs.children[1], {1}, "subject");
    key_edits(finder, tbs.children[2], 2, true);
    const auto& attributes = tbs.children[3];
    finder.drops(attributes, {3}, "attributes");
    for (std::size_t i = 0; i < attributes.children.size(); ++i) {
        const auto& one = attributes.children[i];
        if (one.children.size() == 2 && one.children[1].children.size() == 1) {
            extensions_edits(finder, one.children[1].children[0], {3, i, 1, 0});
        }
    }
    if (attributes.children.empty()) {
        const Der san = extension("2.5.29.17", false, sequence({primitive(0x82, "other.test")}));
        finder.append({3}, "attributes", "a SAN added",
                      sequence({primitive(der_oid, oid_content("1.2.840.113549.1.9.14")),
                                {.tag = der_set, .children = {sequence({san})}}}));
    }
}

void entries_edits(Finder& finder, const Der& entries, std::size_t at) {
    finder.drops(entries, {at}, "entries");
    if (entries.children.empty()) {
        return;
    }
    for (const auto i : {std::size_t(0), entries.children.size() - 1}) {
        finder.leaves(entries.children[i], {at, i}, fmt::format("entries.{}", i));
        if (entries.children.size() == 1) {
            break;
        }
    }
    auto another = entries.children.back();
    alter(another.children.at(0));
    finder.append({at}, "entries", "one added", std::move(another));
}

/// An entry for the certificate that was last made, whether or not there are others.
void last_leaf_edit(Finder& finder, std::size_t this_update) {
    Found found{.kind = Edit::Kind::added, .path = "entries", .what = "the last leaf added"};
    found.knowing = [this_update](Der& tbs, const Keys& keys) {
        if (keys.last_serial.empty()) {
            return false;
        }
        const auto entry = sequence({primitive(der_integer, std::string(as_text(keys.last_serial))),
                                     tbs.children[this_update]});
        const auto at = this_update + 2;
        if (at < tbs.children.size() && tbs.children[at].tag == der_sequence) {
            tbs.children[at].children.push_back(entry);
        } else {
            tbs.children.insert(tbs.children.begin() + static_cast<std::ptrdiff_t>(at),
                                sequence({entry}));
        }
        return true;
    };
    finder.found.push_back(std::move(found));
}

void crl_edits(Finder& finder, const Der& tbs) {
    const auto first = *this_update_of(tbs);
    last_leaf_edit(finder, first);
    if (tbs.children[0].tag == der_integer) {
        finder.leaf(tbs.children[0], {0}, "version");
    }
    const auto& issuer = tbs.children[first - 1];
    for (std::size_t i = 0; i < issuer.children.size(); ++i) {
        finder.leaf(issuer.children[i].children.at(0).children.at(1), {first - 1, i, 0, 1},
                    fmt::format("issuer.{}", i));
    }
    finder.time({first}, "thisUpdate");
    for (auto i = first + 1; i < tbs.children.size(); ++i) {
        const auto& part = tbs.children[i];
        if (part.tag == der_sequence) {
            entries_edits(finder, part, i);
        } else if (part.tag == context_0) {
            extensions_edits(finder, part.children.at(0), {i, 0});
        } else {
            finder.time({i}, "nextUpdate");
        }
    }
    if (first + 2 < tbs.children.size() && tbs.children[first + 2].tag == context_0) {
        const auto entry = sequence({primitive(der_integer, "\x55"), tbs.children[first]});
        finder.add(Edit::Kind::added, "entries", "the first one added", [first, entry](Der& root) {
            root.children.insert(root.children.begin() + static_cast<std::ptrdiff_t>(first) + 2,
                                 sequence({entry}));
            return true;
        });
    }
}

void statement_edits(Finder& finder, const Der& single, const std::vector<std::size_t>& at) {
    const auto deeper = [&at](std::size_t child) {
        auto path = at;
        path.push_back(child);
        return path;
    };
    finder.leaves(single.children[0], deeper(0), "certID");
    const auto status = [&](const std::string& what, const Der& value) {
        if (value.tag != single.children[1].tag) {
            finder.add(Edit::Kind::changed, "status", what, [path = deeper(1), value](Der& root) {
                auto* place = below(root, path);
                if (place != nullptr) {
                    *place = value;
                }
                return place != nullptr;
            });
        }
    };
    status("good", primitive(0x80, ""));
    status("revoked", {.tag = context_1, .children = {primitive(der_time, "20260101000000Z")}});
    status("unknown", primitive(0x82, ""));
    finder.leaves(single.children[1], deeper(1), "status");
    if (single.children[1].children.size() == 1) {
        finder.append(deeper(1), "status", "a reason added",
                      {.tag = context_0, .children = {primitive(der_enumerated, "\x01")}});
    } else if (single.children[1].children.size() == 2) {
        finder.add(Edit::Kind::removed, "status reason", "dropped", [path = deeper(1)](Der& root) {
            auto* place = below(root, path);
            if (place == nullptr || place->children.size() != 2) {
                return false;
            }
            place->children.pop_back();
            return true;
        });
    }
    finder.time(deeper(2), "thisUpdate");
    if (single.children.size() == 3) {
        finder.append(at, "nextUpdate", "added",
                      {.tag = context_0, .children = {primitive(der_time, "20360101000000Z")}});
    } else {
        auto next = deeper(3);
        next.push_back(0);
        finder.time(next, "nextUpdate");
        finder.add(Edit::Kind::removed, "nextUpdate", "dropped", [at](Der& root) {
            auto* place = below(root, at);
            if (place == nullptr || place->children.size() < 4) {
                return false;
            }
            place->children.erase(place->children.begin() + 3);
            return true;
        });
    }
}

/// tbsResponseData: [0] version?, responderID, producedAt, responses, [1] extensions?
void ocsp_edits(Finder& finder, const Der& tbs) {
    const std::size_t responder = tbs.children[0].tag == context_0 ? 1 : 0;
    if (tbs.children.size() < responder + 3) {
        return;
    }
    finder.leaves(tbs.children[responder], {responder}, "responder");
    finder.add(Edit::Kind::changed, "responder", "by its key", [responder](Der& root) {
        root.children[responder] = {.tag = 0xa2,
                                    .children = {primitive(der_octets, std::string(20, '\x11'))}};
        return true;
    });
    finder.time({responder + 1}, "producedAt");
    const auto& responses = tbs.children[responder + 2];
    finder.drops(responses, {responder + 2}, "responses");
    for (std::size_t i = 0; i < responses.children.size(); ++i) {
        if (responses.children[i].children.size() >= 3) {
            statement_edits(finder, responses.children[i], {responder + 2, i});
        }
    }
    const Der nonce = extension("1.3.6.1.5.5.7.48.1.2", false, primitive(der_octets, "12345678"));
    finder.append({}, "extensions", "a nonce added",
                  {.tag = context_1, .children = {sequence({nonce})}});
}

std::optional<Structure> structure_of(const Der& whole) {
    if (whole.tag == der_sequence && !whole.children.empty() &&
        whole.children[0].tag == der_enumerated) {
        return Structure::ocsp;
    }
    if (!signed_shape(whole)) {
        return std::nullopt;
    }
    const auto& tbs = whole.children[0].children;
    if (tbs.size() >= 7 && tbs[0].tag == context_0 && tbs[1].tag == der_integer) {
        return Structure::certificate;
    }
    if (tbs.size() == 4 && tbs[0].tag == der_integer && tbs[3].tag == context_0) {
        return Structure::csr;
    }
    return this_update_of(whole.children[0]) ? std::optional(Structure::crl) : std::nullopt;
}

/// The signed part of an OCSP response, or null.
std::optional<Der> basic_response(const Der& whole) {
    if (whole.children.size() < 2 || whole.children[1].children.size() != 1 ||
        whole.children[1].children[0].children.size() != 2) {
        return std::nullopt;
    }
    auto basic = Der::read(whole.children[1].children[0].children[1].content);
    return basic && signed_shape(*basic) ? basic : std::nullopt;
}

std::optional<Key> signer_of(const Der& whole, const Keys& keys) {
    const auto message = whole.children[0].write();
    const auto algorithm = whole.children[1].write();
    const auto signature = std::string_view(whole.children[2].content).substr(1);
    for (const auto& key : keys ? keys() : std::vector<Key>()) {
        if (crypto::verify_as(algorithm, message, signature, key.public_key())) {
            return key;
        }
    }
    return std::nullopt;
}

/// Makes the change in the signed part of `whole` and signs it anew.
bool change_signed(Der& whole, const Found& found, const Keys& keys) {
    if (!signed_shape(whole)) {
        return false;
    }
    const auto signer = found.signer ? found.signer
                        : found.sign ? signer_of(whole, keys)
                                     : std::nullopt;
    auto& part = found.sign ? whole.children[0] : whole;
    if (found.knowing ? !found.knowing(part, keys) : !found.change(part)) {
        return false;
    }
    if (found.other_algorithm && !exchange_algorithm(whole.children[1])) {
        return false;
    }
    if (found.algorithm_at != 0) {
        whole.children[1] = whole.children[0].children[found.algorithm_at];
    }
    if (signer) {
        if (const auto made =
                crypto::sign_as(whole.children[1].write(), whole.children[0].write(), *signer)) {
            whole.children[2].content = '\0' + *made;
        }
    }
    return true;
}

std::optional<std::string> changed(const std::string& der, const Found& found, const Keys& keys) {
    auto whole = Der::read(der);
    const auto structure = whole ? structure_of(*whole) : std::nullopt;
    if (!structure) {
        return std::nullopt;
    }
    if (*structure != Structure::ocsp) {
        return change_signed(*whole, found, keys) ? std::optional(whole->write()) : std::nullopt;
    }
    auto basic = basic_response(*whole);
    if (!basic || !change_signed(*basic, found, keys)) {
        return std::nullopt;
    }
    whole->children[1].children[0].children[1].content = basic->write();
    return whole->write();
}

/// Of the algorithm and the signature, which lie beside the signed part and not in it.
void signature_edits(Finder& finder, std::size_t algorithm_at) {
    finder.found.push_back({.path = "signature",
                            .what = "broken",
                            .change =
                                [](Der& whole) {
                                    auto& bits = whole.children[2].content;
                                    bits.back() = static_cast<char>(bits.back() ^ 1);
                                    return true;
                                },
                            .sign = false});
    if (algorithm_at == 0) {
        finder.found.push_back({.path = "algorithm",
                                .what = "exchanged",
                                .change = [](Der&) { return true; },
                                .other_algorithm = true});
    } else {
        finder.found.push_back({.path = "algorithm",
                                .what = "exchanged",
                                .change =
                                    [algorithm_at](Der& tbs) {
                                        return algorithm_at < tbs.children.size() &&
                                               exchange_algorithm(tbs.children[algorithm_at]);
                                    },
                                .algorithm_at = algorithm_at});
    }
}

}  // namespace

std::vector<Edit> signed_edits(const std::string& der) {
    const auto whole = Der::read(der);
    const auto structure = whole ? structure_of(*whole) : std::nullopt;
    if (!structure) {
        return {};
    }
    Finder finder;
    std::string name;
    switch (*structure) {
        case Structure::certificate:
            name = "certificate";
            certificate_edits(finder, whole->children[0]);
            signature_edits(finder, 2);
            break;
        case Structure::csr:
            name = "CSR";
            csr_edits(finder, whole->children[0]);
            signature_edits(finder, 0);
            break;
        case Structure::crl:
            name = "CRL";
            crl_edits(finder, whole->children[0]);
            signature_edits(finder, *this_update_of(whole->children[0]) - 2);
            break;
        case Structure::ocsp:
            name = "OCSP response";
            if (const auto basic = basic_response(*whole)) {
                ocsp_edits(finder, basic->children[0]);
                signature_edits(finder, 0);
            }
            break;
    }
    std::vector<Edit> edits;
    for (auto& found : finder.found) {
        Edit edit{.kind = found.kind, .path = name + " " + found.path, .what = found.what};
        edit.apply = [found = std::move(found)](const std::string& text, const Keys& keys) {
            return changed(text, found, keys);
        };
        edits.push_back(std::move(edit));
    }
    if (*structure == Structure::ocsp) {
        edits.push_back(
            {.path = name,
             .what = "of another status",
             .apply = [](const std::string& text, const Keys&) -> std::optional<std::string> {
                 auto root = Der::read(text);
                 if (!root || root->children.empty() || !alter(root->children[0])) {
                     return std::nullopt;
                 }
                 return root->write();
             }});
    }
    return edits;
}

}  // namespace meshproof::conformance::mutation
