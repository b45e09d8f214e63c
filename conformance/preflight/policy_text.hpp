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

/// An argument that stands twice in one stanza of HCL, such as "capabilities"; "" where none does.
/// The servers took the last one, in their time.
[[nodiscard]] std::string repeated_argument(std::string_view text);

/// Whether the word is in the text outside its comments.
[[nodiscard]] bool speaks_of(std::string_view text, std::string_view word);

/// Whether the policy's path stands for this one: + is one segment, a final * any rest.
[[nodiscard]] bool stands_for(std::string_view pattern, std::string_view path);

/// What the paths grant on this one: of the most specific that stands for it, as Vault chooses
/// (exact, else the longest prefix; wildcards of segments count less). Empty = nothing.
[[nodiscard]] std::vector<std::string> granted(const std::vector<PolicyPath>& paths,
                                               std::string_view path);

}  // namespace meshproof::preflight
