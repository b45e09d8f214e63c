#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/server/token_fields.hpp"

namespace meshproof::fakes::vault {

/// A role of the Kubernetes auth method: which service accounts may log in, and with what they
/// leave (rows 140, 141, 155).
struct KubernetesRole : TokenFields {
    std::vector<std::string> names, namespaces;
    bool names_namespaces = false;   ///< `namespaces` were given, be it none
    std::string namespace_selector;  ///< OpenBao only
    std::string audience;
    std::string alias_name_source;  ///< "" only before the first write
    /// What the names without "token_" hold: shown only where they were used.
    Json legacy = Json::object();
};

/// The parameters of a role write, for this product.
[[nodiscard]] const Fields& kubernetes_role_fields(Product product);
/// Applies a write (a part of the fields is enough for a role that exists). An error or go_error
/// response refuses it.
[[nodiscard]] BackendResponse write_kubernetes_role(KubernetesRole& role, const FieldData& data,
                                                    const MountView& mount, Product product);
[[nodiscard]] Json describe_kubernetes_role(const KubernetesRole& role, Product product);
/// A label selector in JSON or YAML, of matchLabels only; nothing where it cannot be read.
[[nodiscard]] std::optional<bool> selector_matches(std::string_view selector, const Json& labels);

}  // namespace meshproof::fakes::vault
