#pragma once

#include "core/crypto/certificate.hpp"

namespace meshproof::crypto {

/// Whether a certificate is valid for `whole`. The server cuts both dates to seconds, and reads its
/// clock twice: the end before it makes the key, the beginning after, and a busy one takes seconds
/// for an RSA key (`took`: for the request).
[[nodiscard]] inline bool lives_for(const Certificate& certificate, Duration whole,
                                    Duration took = {}) {
    const auto life = certificate.not_after() - certificate.not_before();
    constexpr std::chrono::seconds cut(1);
    return life <= whole + cut && life >= whole - cut - took;
}

}  // namespace meshproof::crypto
