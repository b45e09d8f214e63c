#include "conformance/twin/known.hpp"

#include <algorithm>

#include "conformance/twin/topics.hpp"
#include "core/base/text.hpp"
#include "core/yaml/section.hpp"

namespace meshproof::twin {
namespace {

std::vector<vault::Product> products_in(YamlSection& entry) {
    std::vector<vault::Product> out;
    for (const auto& name : entry.texts("products")) {
        if (name == "openbao") {
            out.push_back(vault::Product::openbao);
        } else if (name == "vault") {
            out.push_back(vault::Product::vault);
        } else {
            entry.refuse("products", "{}: expected openbao or vault", name);
        }
    }
    return out;
}

NotPlayed not_played_in(YamlSection& entry) {
    entry.only({"operations", "products", "reason"});
    entry.needs("operations", "keys such as \"POST {pki}/revoke-with-key\"");
    entry.needs("reason", "why it is not played");
    return {entry.texts("operations"), products_in(entry), entry.text_or_empty("reason")};
}

NotSent not_sent_in(YamlSection& entry) {
    entry.only({"operations", "parameter", "words", "products", "reason"});
    entry.needs("operations", "keys such as \"POST {pki}/roles/{name}\"");
    entry.needs("parameter", "the name of one, such as key_type");
    entry.needs("words", "which of its words are not sent");
    entry.needs("reason", "why they are not played");
    return {entry.texts("operations"), entry.text_or_empty("parameter"), entry.texts("words"),
            products_in(entry), entry.text_or_empty("reason")};
}

Deviation deviation_in(YamlSection& entry) {
    entry.only({"operation", "aspect", "member", "real", "fake", "products", "reason"});
    entry.needs("operation", "a key such as \"POST {pki}/roles/{name}\"");
    entry.needs("reason", "why it stays");
    const Words<std::string> aspects = {
        {"status", "status"}, {"header", "header"}, {"body", "body"}, {"answer", "answer"}};
    Deviation out;
    out.operation = entry.text_or_empty("operation");
    out.aspect = entry.word("aspect", aspects).value_or("");
    out.member = entry.text_or_empty("member");
    out.real = entry.text_or_empty("real");
    out.fake = entry.text_or_empty("fake");
    out.products = products_in(entry);
    out.reason = entry.text_or_empty("reason");
    return out;
}

bool about(const std::vector<vault::Product>& products, vault::Product product) {
    return products.empty() || std::ranges::find(products, product) != products.end();
}

std::string products_text(std::string_view operation, const std::vector<vault::Product>& products) {
    if (operation.find(" api/") != std::string_view::npos ||
        operation.find(" apis/") != std::string_view::npos) {
        return "kube-apiserver";
    }
    std::string out;
    for (const auto one : products) {
        out += (out.empty() ? "" : ", ") + std::string(vault::to_string(one));
    }
    return out.empty() ? "both" : out;
}

bool named_in(const std::vector<std::string>& patterns, const std::string& key) {
    return std::ranges::any_of(
        patterns, [&key](const std::string& pattern) { return matches(pattern, key); });
}

/// What differs, and how it is known: "body errors[], where the server says `*x*`".
std::string what_differs(const Deviation& one) {
    auto out = one.aspect.empty() ? std::string("anything") : one.aspect;
    out += one.member.empty() ? "" : " " + one.member;
    for (const auto& [who, says] : {std::pair(" where the server says", &one.real),
                                    std::pair(" where the fake says", &one.fake)}) {
        out += says->empty() ? "" : fmt::format("{} `{}`", who, *says);
    }
    return out;
}

/// A cell of a table: a bar would end it.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? "\\|" : std::string(1, c);
    }
    return out;
}

}  // namespace

Result<Known> Known::parse(std::string_view yaml, std::string path) {
    YamlSource source;
    source.path = std::move(path);
    source.may_be_empty = true;
    auto whole = YamlSection::parse(yaml, std::move(source));
    if (!whole) {
        return propagate(whole);
    }
    whole->only({"not_played", "not_sent", "deviations"});
    Known out;
    for (auto& entry : whole->sections("not_played", "a list of operations with a reason")) {
        out.not_played.push_back(not_played_in(entry));
    }
    for (auto& entry : whole->sections("not_sent", "a list of words with a reason")) {
        out.not_sent.push_back(not_sent_in(entry));
    }
    for (auto& entry : whole->sections("deviations", "a list of differences with a reason")) {
        out.deviations.push_back(deviation_in(entry));
    }
    return checked(std::move(out), *whole);
}

std::string Known::why_not_played(const std::string& key, vault::Product product) const {
    for (const auto& one : not_played) {
        if (named_in(one.operations, key) && about(one.products, product)) {
            return one.reason;
        }
    }
    return {};
}

void Known::take_out(Description& description, vault::Product product) const {
    for (auto& operation : description.operations) {
        for (const auto& one : not_sent) {
            const bool said =
                named_in(one.operations, operation.key()) && about(one.products, product);
            for (auto& parameter : operation.parameters) {
                if (said && parameter.name == one.parameter) {
                    std::erase_if(parameter.words, [&one](const nlohmann::json& word) {
                        return word.is_string() &&
                               std::ranges::find(one.words, word.get<std::string>()) !=
                                   one.words.end();
                    });
                }
            }
        }
    }
}

std::string Known::why_known(const Difference& difference, vault::Product product) const {
    for (const auto& one : deviations) {
        if (matches(one.operation, difference.key) &&
            (one.aspect.empty() || one.aspect == difference.aspect) &&
            (one.member.empty() || matches(one.member, difference.member)) &&
            (one.real.empty() || matches(one.real, difference.real)) &&
            (one.fake.empty() || matches(one.fake, difference.fake)) &&
            about(one.products, product)) {
            return one.reason;
        }
    }
    return {};
}

std::string Known::markdown() const {
    std::string out =
        "# What the fakes do not play\n\n"
        "Made by `meshproof twin --played` from `conformance/twin/known.yaml`; do not edit it. Of "
        "paths that no topic of\n[twin.md](twin.md) has, this page says nothing.\n\n"
        "| operation | product | why |\n|---|---|---|\n";
    for (const auto& one : not_played) {
        for (const auto& operation : one.operations) {
            out += fmt::format("| `{}` | {} | {} |\n", cell(operation),
                               products_text(operation, one.products), cell(one.reason));
        }
    }
    for (const auto& one : not_sent) {
        for (const auto& operation : one.operations) {
            out += fmt::format("| `{}` with {} {} | {} | {} |\n", cell(operation), one.parameter,
                               join(one.words, ", "), products_text(operation, one.products),
                               cell(one.reason));
        }
    }
    out += "\n## Differences that are known, and stay\n\n";
    if (deviations.empty()) {
        return out + "None.\n";
    }
    out += "| operation | what differs | product | why |\n|---|---|---|---|\n";
    for (const auto& one : deviations) {
        out +=
            fmt::format("| `{}` | {} | {} | {} |\n", cell(one.operation), cell(what_differs(one)),
                        products_text(one.operation, one.products), cell(one.reason));
    }
    return out;
}

}  // namespace meshproof::twin
