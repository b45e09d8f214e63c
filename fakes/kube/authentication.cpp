#include "fakes/kube/authentication.hpp"

#include "core/base/text.hpp"

namespace meshproof::fakes::kube {
namespace {

User user_of(const crypto::Certificate& certificate) {
    const auto subject = certificate.subject();
    User user{subject.common_name, "", subject.organization, Json::object()};
    user.extra["authentication.kubernetes.io/credential-id"] =
        Json::array({"X509SHA256=" + certificate.fingerprint()});
    user.groups.emplace_back("system:authenticated");
    return user;
}

}  // namespace

User anonymous() {
    return {"system:anonymous", "", {"system:unauthenticated"}, Json::object()};
}

Checked<User> authenticate(const http::Request& request, const http::Peer& peer, Tokens& tokens) {
    if (peer.certificate) {
        return user_of(*peer.certificate);
    }
    const auto unauthorized = [] { return refuse(refusal(401, "Unauthorized", "Unauthorized")); };
    const auto header = request.headers.find("Authorization").value_or("");
    if (header.empty()) {
        if (peer.bad_certificate) {
            return unauthorized();
        }
        return anonymous();
    }
    const auto parts = split(header, ' ');
    if (lower(parts[0]) != "bearer" || parts.size() < 2) {  // nothing that we know: nobody
        return anonymous();
    }
    if (parts[1].empty()) {
        return unauthorized();
    }
    auto verdict = tokens.authenticate(parts[1], tokens.api_audiences());
    if (!verdict.user) {
        return unauthorized();
    }
    return std::move(*verdict.user);
}

}  // namespace meshproof::fakes::kube
