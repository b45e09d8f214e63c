#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

/// The twin asks a real server and a fake the same, by the real server's description of itself.
namespace meshproof::twin {

using Json = nlohmann::json;

/// What a parameter holds, by the description.
enum class ValueType { text, integer, number, flag, list, object, any };
[[nodiscard]] std::string_view to_string(ValueType type);

enum class In { path, query, body };

struct Parameter {
    std::string name;  ///< of nested members with dots: "spec.replicas"
    In in = In::body;
    ValueType type = ValueType::any;
    std::string format{};       ///< "seconds", "kvpairs", "date-time", …
    Json fallback{};            ///< its default; null = none is told
    std::vector<Json> words{};  ///< of an enumeration
    bool required = false;
    friend bool operator==(const Parameter&, const Parameter&) = default;
};

/// One method of one path.
struct Operation {
    /// Upper case. LIST where a GET must be asked with list=true, which is Vault's own verb.
    std::string method;
    /// Without a slash before it, and mounts by their kind: "{pki}/roles/{name}".
    std::string path;
    std::vector<Parameter> parameters{};
    bool open = false;  ///< asks for no token

    [[nodiscard]] std::string key() const { return method + " " + path; }  ///< "LIST {pki}/roles"
    [[nodiscard]] const Parameter* find(std::string_view name, In in) const;
};

/// What a server says of itself: the typed table that everything is drawn from.
struct Description {
    std::string title, version;
    std::vector<Operation> operations;  ///< by path, then method
};

/// How many there are. A path's own parameters count once for the path, as it tells them.
struct Size {
    std::size_t paths = 0, operations = 0, parameters = 0;
    friend bool operator==(const Size&, const Size&) = default;
};
[[nodiscard]] Size size_of(const Description& description);

/// How deep members of members are told apart: Vault's bodies are flat, Kubernetes' objects nest.
struct ReadOptions {
    /// Where an engine is mounted -> its kind: "meshproof-k3f9a2-pki" -> "{pki}".
    std::map<std::string, std::string> mounts{};
    std::size_t deepest = 1;
};

/// Reads an OpenAPI 3 document: OpenBao's and Vault's sys/internal/specs/openapi, a group of
/// kube-apiserver's /openapi/v3. Malformed where it is none, with the place.
[[nodiscard]] Result<Description> read_description(const Json& document,
                                                   const ReadOptions& options = {});

}  // namespace meshproof::twin
