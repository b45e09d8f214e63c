#include <algorithm>
#include <cctype>

#include "conformance/mutation/edit.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"
#include "core/time/time.hpp"

namespace meshproof::conformance::mutation {
namespace {

using crypto::Key;
using crypto::KeyType;
using Text = std::optional<std::string>;

constexpr std::size_t shown_text = 120;
constexpr std::size_t most_words = 24;

// --- words

struct Word {
    std::size_t begin = 0, length = 0;
};

bool letter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

std::vector<Word> words_of(std::string_view text) {
    std::vector<Word> words;
    for (std::size_t i = 0; i < text.size();) {
        if (!letter(text[i])) {
            ++i;
            continue;
        }
        const auto begin = i;
        while (i < text.size() && letter(text[i])) {
            ++i;
        }
        words.push_back({begin, i - begin});
    }
    return words;
}

Edit edit(Edit::Kind kind, std::string what, const std::string& text,
          std::function<Text(const std::string&)> apply) {
    return {.kind = kind,
            .what = std::move(what),
            .value = text.substr(0, shown_text),
            .apply = [apply = std::move(apply)](const std::string& now, const Keys&) {
                return apply(now);
            }};
}

Text other_word(const std::string& text, std::size_t index) {
    const auto words = words_of(text);
    if (index >= words.size()) {
        return std::nullopt;
    }
    auto out = text;
    const auto [begin, length] = words[index];
    const auto other = std::string_view(out).substr(begin, length) == "other" ? "another" : "other";
    return out.replace(begin, length, other);
}

Text other_case(const std::string& text) {
    auto out = text;
    const bool to_lower = std::ranges::any_of(
        text, [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; });
    for (auto& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        c = static_cast<char>(to_lower ? std::tolower(byte) : std::toupper(byte));
    }
    return out == text ? std::nullopt : Text(out);
}

Text other_end(const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    auto out = text;
    out.back() = out.back() == 'x' ? 'y' : 'x';
    return out;
}

void word_edits(std::vector<Edit>& edits, const std::string& text) {
    const auto words = words_of(text);
    // Of a long text every so-manieth.
    const auto step = std::max<std::size_t>(1, (words.size() + most_words - 1) / most_words);
    for (std::size_t i = 0; i < words.size(); i += step) {
        const auto word = text.substr(words[i].begin, words[i].length);
        edits.push_back(edit(Edit::Kind::changed, fmt::format("word {} exchanged", i), word,
                             [i](const std::string& now) { return other_word(now, i); }));
    }
    if (!text.empty()) {
        edits.push_back(edit(Edit::Kind::changed, "last character exchanged", text, other_end));
    }
    if (other_case(text)) {
        edits.push_back(edit(Edit::Kind::changed, "in another case", text, other_case));
    }
    edits.push_back(edit(Edit::Kind::added, "a word put before", text,
                         [](const std::string& now) { return "other " + now; }));
    edits.push_back(edit(Edit::Kind::added, "a word put after", text,
                         [](const std::string& now) { return now + " other"; }));
}

void time_edits(std::vector<Edit>& edits, const std::string& text) {
    using namespace std::chrono_literals;
    for (const auto& [what, by] : {std::pair("a minute later", Duration(1min)),
                                   {"a minute earlier", Duration(-1min)},
                                   {"a month later", Duration(24h * 31)},
                                   {"a month earlier", Duration(-24h * 31)}}) {
        edits.push_back(edit(Edit::Kind::changed, what, text, [moved = by](const std::string& now) {
            const auto time = parse_rfc3339(now);
            // As many digits of fractions as there were.
            const bool fractions = now.find('.') != std::string::npos;
            return time ? Text(fractions ? rfc3339_nano(*time + moved) : rfc3339(*time + moved))
                        : std::nullopt;
        }));
    }
}

// --- PEM

constexpr std::string_view begin_mark = "-----BEGIN ", end_mark = "-----END ", dashes = "-----";

struct Block {
    std::size_t begin = 0, end = 0;  ///< in the text, with its final newline
    std::string label, der;
};

std::vector<Block> blocks_of(const std::string& text) {
    std::vector<Block> blocks;
    for (auto at = text.find(begin_mark); at != std::string::npos;
         at = text.find(begin_mark, at + 1)) {
        const auto name = at + begin_mark.size();
        const auto body = text.find(dashes, name);
        const auto end = body == std::string::npos ? body : text.find(end_mark, body);
        const auto last = end == std::string::npos ? end : text.find(dashes, end + end_mark.size());
        if (last == std::string::npos) {
            break;
        }
        std::string digits;
        for (const char c : text.substr(body + dashes.size(), end - body - dashes.size())) {
            if (c != '\n' && c != '\r' && c != ' ') {
                digits += c;
            }
        }
        Block block{at, last + dashes.size(), text.substr(name, body - name),
                    from_base64(digits).value_or("")};
        block.end += block.end < text.size() && text[block.end] == '\n' ? 1 : 0;
        blocks.push_back(std::move(block));
    }
    return blocks;
}

std::string written(const std::string& label, std::string_view der, bool newline) {
    constexpr std::size_t line = 64;
    std::string out = fmt::format("{}{}{}\n", begin_mark, label, dashes);
    const auto digits = to_base64(der);
    for (std::size_t i = 0; i < digits.size(); i += line) {
        out += digits.substr(i, line) + "\n";
    }
    out += fmt::format("{}{}{}", end_mark, label, dashes);
    return newline ? out + "\n" : out;
}

/// The text with block `index` made into what `change` makes of it.
Text with_block(const std::string& text, std::size_t index,
                const std::function<Text(const Block&, bool newline)>& change) {
    const auto blocks = blocks_of(text);
    if (index >= blocks.size()) {
        return std::nullopt;
    }
    const auto& block = blocks[index];
    const auto made = change(block, text[block.end - 1] == '\n');
    return made ? Text(text.substr(0, block.begin) + *made + text.substr(block.end)) : std::nullopt;
}

const Key& strange_key() {
    static const Key key = Key::generate(KeyType::p256);
    return key;
}

/// Nobody's key of another size than the checks' own.
const Key& larger_key() {
    static const Key key = Key::generate(KeyType::p384);
    return key;
}

/// Of a private key's block: another key, or the same in the other form.
void private_key_edits(std::vector<Edit>& edits, const std::string& text, std::size_t index,
                       const std::string& label) {
    edits.push_back(edit(Edit::Kind::inside, fmt::format("block {} another key", index), {},
                         [index](const std::string& now) {
                             return with_block(now, index, [](const Block&, bool) {
                                 return Text(strange_key().pkcs8_pem());
                             });
                         }));
    edits.push_back(edit(Edit::Kind::inside, fmt::format("block {} a larger key", index), {},
                         [index](const std::string& now) {
                             return with_block(now, index, [](const Block&, bool) {
                                 return Text(larger_key().pkcs8_pem());
                             });
                         }));
    edits.push_back(edit(
        Edit::Kind::inside, fmt::format("block {} {} in the other form", index, label), {},
        [index](const std::string& now) {
            return with_block(now, index, [](const Block& block, bool newline) -> Text {
                const auto key = Key::from_pem(written(block.label, block.der, true));
                if (!key) {
                    return std::nullopt;
                }
                auto pem = block.label == "PRIVATE KEY" ? key->traditional_pem() : key->pkcs8_pem();
                if (!newline && pem.ends_with('\n')) {
                    pem.pop_back();
                }
                return pem;
            });
        }));
    (void)text;
}

void block_edits(std::vector<Edit>& edits, const std::string& text, std::size_t index,
                 const Block& block) {
    edits.push_back(edit(Edit::Kind::removed, fmt::format("block {} dropped", index), {},
                         [index](const std::string& now) {
                             return with_block(now, index,
                                               [](const Block&, bool) { return Text(""); });
                         }));
    edits.push_back(edit(Edit::Kind::changed, fmt::format("block {} of another label", index),
                         block.label, [index](const std::string& now) {
                             return with_block(now, index, [](const Block& one, bool newline) {
                                 return Text(written("OTHER " + one.label, one.der, newline));
                             });
                         }));
    if (block.label.ends_with("PRIVATE KEY")) {
        private_key_edits(edits, text, index, block.label);
        return;
    }
    if (block.label == "PUBLIC KEY") {
        edits.push_back(edit(Edit::Kind::inside, fmt::format("block {} another key", index), {},
                             [index](const std::string& now) {
                                 return with_block(now, index, [](const Block&, bool) {
                                     return Text(strange_key().public_key().pem());
                                 });
                             }));
        return;
    }
    for (auto& inner : signed_edits(block.der)) {
        edits.push_back(
            {.kind = Edit::Kind::inside,
             .what = fmt::format("block {} {}", index, inner.name()),
             .apply = [index, apply = std::move(inner.apply)](const std::string& now,
                                                              const Keys& keys) {
                 return with_block(now, index, [&](const Block& one, bool newline) -> Text {
                     const auto der = apply(one.der, keys);
                     return der ? Text(written(one.label, *der, newline)) : std::nullopt;
                 });
             }});
    }
}

// --- base64 and JWTs

/// `edits` of what a text encodes, as edits of the text.
std::vector<Edit> encoded(
    std::vector<Edit> edits, const std::string& as, std::function<Text(const std::string&)> decode,
    std::function<Text(const std::string& now, const std::string& made)> encode) {
    std::vector<Edit> out;
    for (auto& one : edits) {
        out.push_back({.kind = Edit::Kind::inside,
                       .what = fmt::format("{} {}", as, one.name()),
                       .value = one.value,
                       .apply = [apply = std::move(one.apply), decode, encode](
                                    const std::string& now, const Keys& keys) -> Text {
                           const auto inner = decode(now);
                           const auto made = inner ? apply(*inner, keys) : std::nullopt;
                           return made ? encode(now, *made) : std::nullopt;
                       }});
    }
    return out;
}

void base64_edits(std::vector<Edit>& edits, const std::string& text) {
    constexpr std::size_t least = 24;
    const auto inner = text.size() >= least ? from_base64(text) : std::nullopt;
    if (!inner) {
        return;
    }
    auto found = signed_edits(*inner);
    if (found.empty()) {
        found = pem_edits(*inner);
    }
    if (found.empty()) {
        found = jwt_edits(*inner);
    }
    std::ranges::move(
        encoded(
            std::move(found), "base64", [](const std::string& now) { return from_base64(now); },
            [](const std::string&, const std::string& made) { return Text(to_base64(made)); }),
        std::back_inserter(edits));
}

Text part_of(const std::string& jwt, std::size_t index) {
    const auto parts = split(jwt, '.');
    return parts.size() == 3 ? from_base64url(parts[index]) : std::nullopt;
}

std::string with_part(const std::string& jwt, std::size_t index, const std::string& made) {
    auto parts = split(jwt, '.');
    parts.at(index) = to_base64url(made);
    return join(parts, ".");
}

/// The token with other claims, signed anew by who signed it, where that key is at hand.
Text with_claims(const std::string& now, const std::string& claims, const Keys& keys) {
    const auto jwt = crypto::Jwt::decode(now);
    for (const auto& key : jwt&& keys ? keys() : std::vector<Key>()) {
        if (jwt->verify(key.public_key())) {
            return crypto::sign_jwt(claims, jwt->key_id, key).reveal();
        }
    }
    return with_part(now, 1, claims);
}

}  // namespace

std::vector<Edit> pem_edits(const std::string& text) {
    const auto blocks = blocks_of(text);
    std::vector<Edit> edits;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        block_edits(edits, text, i, blocks[i]);
    }
    if (blocks.empty()) {
        return edits;
    }
    edits.push_back(
        edit(Edit::Kind::changed, "final newline toggled", {}, [](const std::string& now) {
            return Text(now.ends_with('\n') ? now.substr(0, now.size() - 1) : now + "\n");
        }));
    edits.push_back(edit(Edit::Kind::added, "last block twice", {}, [](const std::string& now) {
        const auto all = blocks_of(now);
        return all.empty() ? std::nullopt
                           : Text(now + (now.ends_with('\n') ? "" : "\n") +
                                  written(all.back().label, all.back().der, now.ends_with('\n')));
    }));
    if (blocks.size() > 1) {
        edits.push_back(
            edit(Edit::Kind::reordered, "blocks reversed", {}, [](const std::string& now) {
                std::string out;
                for (const auto& block : blocks_of(now)) {
                    out.insert(0, written(block.label, block.der, true));
                }
                return Text(out);
            }));
    }
    return edits;
}

std::vector<Edit> jwt_edits(const std::string& text, const Hints& hints) {
    const auto jwt = crypto::Jwt::decode(text);
    if (!jwt) {
        return {};
    }
    std::vector<Edit> edits;
    for (auto& one : json_edits(jwt->claims, hints)) {
        edits.push_back({.kind = Edit::Kind::inside,
                         .what = "claims " + one.name(),
                         .value = one.value,
                         .hash = one.hash,
                         .apply = [apply = std::move(one.apply)](const std::string& now,
                                                                 const Keys& keys) -> Text {
                             const auto claims = part_of(now, 1);
                             const auto made = claims ? apply(*claims, keys) : std::nullopt;
                             return made ? with_claims(now, *made, keys) : std::nullopt;
                         }});
    }
    std::ranges::move(encoded(
                          json_edits(jwt->header), "header",
                          [](const std::string& now) { return part_of(now, 0); },
                          [](const std::string& now, const std::string& made) {
                              return Text(with_part(now, 0, made));
                          }),
                      std::back_inserter(edits));
    edits.push_back(edit(Edit::Kind::inside, "signature broken", {}, [](const std::string& now) {
        auto signature = part_of(now, 2);
        if (!signature || signature->empty()) {
            return Text();
        }
        signature->back() = static_cast<char>(signature->back() ^ 1);
        return Text(with_part(now, 2, *signature));
    }));
    edits.push_back(
        edit(Edit::Kind::inside, "signed by another key", {}, [](const std::string& now) {
            const auto decoded = crypto::Jwt::decode(now);
            return decoded ? Text(crypto::sign_jwt(decoded->claims, decoded->key_id, strange_key())
                                      .reveal())
                           : std::nullopt;
        }));
    return edits;
}

std::vector<Edit> text_edits(const std::string& text, const Hints& hints) {
    std::vector<Edit> edits;
    if (!text.empty()) {
        edits.push_back(edit(Edit::Kind::emptied, "emptied", text,
                             [](const std::string&) { return Text(""); }));
    }
    auto structured = pem_edits(text);
    if (structured.empty()) {
        structured = jwt_edits(text, hints);
    }
    if (structured.empty()) {
        base64_edits(structured, text);
    }
    if (!structured.empty()) {
        std::ranges::move(structured, std::back_inserter(edits));
        edits.push_back(edit(Edit::Kind::changed, "last character exchanged", text, other_end));
        return edits;
    }
    if (parse_rfc3339(text)) {
        time_edits(edits, text);
    }
    word_edits(edits, text);
    return edits;
}

}  // namespace meshproof::conformance::mutation
