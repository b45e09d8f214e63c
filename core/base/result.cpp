#include "core/base/result.hpp"

namespace meshproof {

std::string_view to_string(FailureKind kind) {
    switch (kind) {
        case FailureKind::invalid:
            return "invalid";
        case FailureKind::unreachable:
            return "unreachable";
        case FailureKind::timed_out:
            return "timed out";
        case FailureKind::closed:
            return "closed";
        case FailureKind::tls:
            return "tls";
        case FailureKind::malformed:
            return "malformed";
        case FailureKind::denied:
            return "denied";
        case FailureKind::not_found:
            return "not found";
        case FailureKind::conflict:
            return "conflict";
        case FailureKind::rejected:
            return "rejected";
        case FailureKind::throttled:
            return "throttled";
        case FailureKind::sealed:
            return "sealed";
        case FailureKind::server:
            return "server error";
        case FailureKind::expired:
            return "expired";
        case FailureKind::unsupported:
            return "unsupported";
        case FailureKind::cancelled:
            return "cancelled";
    }
    return "unknown";
}

Failure Failure::during(std::string_view context) const {
    Failure told = *this;
    told.message = fmt::format("{}: {}", context, message);
    return told;
}

}  // namespace meshproof
