#include "conformance/svid/vectors.hpp"

#include <filesystem>

#include "core/base/text.hpp"

namespace meshproof::conformance::svid {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

std::string_view outcome(bool accepted) {
    return accepted ? "accept" : "reject";
}

Result<spiffe::RuleLevel> level_of(std::string_view text) {
    for (const auto level :
         {spiffe::RuleLevel::must, spiffe::RuleLevel::should, spiffe::RuleLevel::optional}) {
        if (text == to_string(level)) {
            return level;
        }
    }
    return fail(FailureKind::invalid, "level is \"{}\": expected must, should or optional", text);
}

std::optional<std::string> text_or_null(const ordered_json& value) {
    return value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
}

Result<Vector> parse(const ordered_json& json) {
    Vector vector;
    vector.id = json.at("id");
    vector.description = json.at("description");
    vector.rules = json.at("rules");
    vector.broken = json.at("broken");
    vector.accepted = json.at("expected") == outcome(true);
    auto level = level_of(json.at("level").get<std::string>());
    if (!level) {
        return propagate(level);
    }
    vector.level = *level;
    vector.notes = json.at("notes");
    const auto at = parse_rfc3339(json.at("validation_time").get<std::string>());
    if (!at) {
        return fail(FailureKind::invalid, "validation_time is not as in 2030-06-01T12:00:00Z");
    }
    vector.validation_time = *at;
    vector.trust_domain = text_or_null(json.at("trust_domain"));
    vector.spiffe_id = text_or_null(json.at("spiffe_id"));
    for (const auto& [domain, bundle] : json.at("bundles").items()) {
        auto& read = vector.bundles[domain];
        read.pem = bundle.value("pem", "");
        if (bundle.contains("jwks")) {
            read.jwks = bundle["jwks"].is_string() ? bundle["jwks"].get<std::string>()
                                                   : bundle["jwks"].dump();
        }
    }
    vector.leaf = json.at("leaf");
    vector.chain = json.at("chain");
    vector.leaf_key = json.at("leaf_key");
    return vector;
}

Result<Vector> read_vector(const fs::path& file) {
    auto text = read_file(file.string());
    if (!text) {
        return propagate(text);
    }
    try {
        auto vector = parse(ordered_json::parse(*text));
        return vector ? vector : Result<Vector>(propagate(vector, file.string()));
    } catch (const ordered_json::exception& error) {
        return fail(FailureKind::invalid, "{}: {}", file.string(), error.what());
    }
}

ordered_json bundle_json(const Vector::Bundle& bundle) {
    if (bundle.jwks.empty()) {
        return {{"pem", bundle.pem}};
    }
    auto document = ordered_json::parse(bundle.jwks, nullptr, false);
    return {{"jwks", document.is_discarded() ? ordered_json(bundle.jwks) : document}};
}

ordered_json text_json(const std::optional<std::string>& text) {
    return text ? ordered_json(*text) : ordered_json();
}

}  // namespace

Result<std::vector<Vector>> read_vectors(const std::string& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
        if (entry.path().extension() == ".json") {
            files.push_back(entry.path());
        }
    }
    if (files.empty()) {
        return fail(FailureKind::invalid, "no vectors in {}", folder);
    }
    std::ranges::sort(files);
    std::vector<Vector> vectors;
    for (const auto& file : files) {
        auto vector = read_vector(file);
        if (!vector) {
            return propagate(vector);
        }
        if (fs::path(folder) / (vector->id + ".json") != file) {
            return fail(FailureKind::invalid, "{} has the id {}: expected that of its path",
                        file.string(), vector->id);
        }
        vectors.push_back(std::move(*vector));
    }
    return vectors;
}

Result<void> write_vector(const Vector& vector, const std::string& folder) {
    ordered_json bundles = ordered_json::object();
    for (const auto& [domain, bundle] : vector.bundles) {
        bundles[domain] = bundle_json(bundle);
    }
    const ordered_json json = {
        {"id", vector.id},
        {"description", vector.description},
        {"rules", vector.rules},
        {"broken", vector.broken},
        {"expected", outcome(vector.accepted)},
        {"level", to_string(vector.level)},
        {"notes", vector.notes},
        {"validation_time", rfc3339(vector.validation_time)},
        {"trust_domain", text_json(vector.trust_domain)},
        {"spiffe_id", text_json(vector.spiffe_id)},
        {"bundles", bundles},
        {"leaf", vector.leaf},
        {"chain", vector.chain},
        {"leaf_key", vector.leaf_key},
    };
    const auto file = fs::path(folder) / (vector.id + ".json");
    fs::create_directories(file.parent_path());
    return write_file(file.string(), json.dump(2) + "\n");
}

std::vector<std::string> Judgement::broken() const {
    auto findings = verdict.findings;
    findings.add(bundles);
    return findings.broken();
}

Result<Asked> question_of(const Vector& vector) {
    Asked asked;
    auto& question = asked.question;
    question.at = vector.validation_time;
    auto leaf = crypto::Certificate::from_pem(vector.leaf);
    if (!leaf) {
        return propagate(leaf, "leaf");
    }
    question.leaf = std::move(*leaf);
    for (const auto& pem : vector.chain) {
        auto signer = crypto::Certificate::from_pem(pem);
        if (!signer) {
            return propagate(signer, "chain");
        }
        question.chain.push_back(std::move(*signer));
    }
    for (const auto& [domain, bundle] : vector.bundles) {
        auto& authorities = question.bundles[domain];
        if (!bundle.jwks.empty()) {
            if (auto read = spiffe::read_bundle(bundle.jwks)) {
                asked.bundles.add(read->findings);
                authorities = std::move(read->authorities);
            }
        } else if (!bundle.pem.empty()) {
            auto read = crypto::Certificate::all_from_pem(bundle.pem);
            if (!read) {
                return propagate(read, fmt::format("bundle of {}", domain));
            }
            authorities = std::move(*read);
        }
    }
    return asked;
}

Result<Judgement> judge(const Vector& vector) {
    auto asked = question_of(vector);
    if (!asked) {
        return propagate(asked);
    }
    return Judgement{spiffe::validate(asked->question), std::move(asked->bundles)};
}

}  // namespace meshproof::conformance::svid
