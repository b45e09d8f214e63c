#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "fakes/vault/pki/ground/mount.hpp"

/// The URLs that certificates tell: which are taken, and what templates become.
namespace meshproof::fakes::vault::pki {

/// The lists by the names that requests give them.
using UrlLists = std::array<std::pair<std::string_view, std::vector<std::string>*>, 4>;
[[nodiscard]] UrlLists lists_of(AiaUrls& urls);

/// The URLs that go into what the issuer signs: its own, else the mount's, templates filled in; or
/// why they cannot be. A root that is being made has no id to fill in yet (null).
[[nodiscard]] tl::expected<AiaUrls, std::string> aia_urls(const Mount& mount, const Issuer* issuer);
/// The long warning of row 72, or nothing where URLs are set.
[[nodiscard]] std::optional<std::string> aia_warning(const AiaUrls& urls);
/// What a write of templated URLs says that nothing could be issued with.
[[nodiscard]] std::optional<std::string> template_warning(const Mount& mount, const AiaUrls& urls,
                                                          const std::string& issuer_id);

/// Takes the lists of URLs that the request has; or `all`, empty where it lacks one.
void take_url_lists(const PkiCall& call, bool all, AiaUrls& urls);
/// What this product takes for a URL.
[[nodiscard]] bool is_url(const Mount& mount, std::string_view text);
/// The first URL in the lists that is none (row 74).
[[nodiscard]] Checked<> check_urls(const Mount& mount, const AiaUrls& urls);

}  // namespace meshproof::fakes::vault::pki
