#pragma once

#include <string>

#include "core/base/result.hpp"

namespace meshproof::fakes::vault::pki {

/// A URI as Go's net/url (1.26) reads and writes it again, which is how it gets into a certificate:
/// the scheme in lower case, an empty fragment gone, what a path may not hold escaped. The failure
/// is Go's text.
[[nodiscard]] Result<std::string> rewritten_uri(const std::string& uri);
/// Why Go's crypto/x509 takes no certificate (request) with this URI, in its words; "" if it does.
[[nodiscard]] std::string trouble_with_uri(const std::string& uri);

}  // namespace meshproof::fakes::vault::pki
