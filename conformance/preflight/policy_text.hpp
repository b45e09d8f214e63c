#pragma once

#include <string>
#include <string_view>
#include <vector>

/// A policy's text as far as preflight reads it: which paths, and which capabilities. For
/// judgements without a login; the server's own answer (sys/capabilities-self) counts more where
/// there is one.
namespace meshproof::preflight {

struct PolicyPath {
    std::string path;  ///< "pki_int/sign/mesh", with * at the end and + as written
    std::vector<std::string> capabilities;
};

/// HCL, or JSON. What cannot be read is left out.
[[nodiscard]] std::vector<PolicyPath> read_policy(std::string_view text);

/// Whether the policy's path stands for this one: + is one segment, a final * any rest.
[[nodiscard]] bool stands_for(std::string_view pattern, std::string_view path);

/// What the paths grant on this one: of the most specific that stands for it, as Vault chooses
/// (exact, else the longest prefix; wildcards of segments count less). Empty = nothing.
[[nodiscard]] std::vector<std::string> granted(const std::vector<PolicyPath>& paths,
                                               std::string_view path);

}  // namespace meshproof::preflight
