#include "fakes/kube/authentication.hpp"

#include "core/base/text.hpp"
#include "fakes/kube/go_text.hpp"

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

std::string bearer_token(std::string_view header) {
    const auto parts = split(go_trimmed(header), ' ');
    return parts.size() > 1 && lower(parts[0]) == "bearer" ? parts[1] : "";
}

std::string bearer_warning(const http::Request& request, const http::Peer& peer) {
    const auto header = request.headers.find("Authorization").value_or("");
    const bool spaced = lower(go_trimmed(header)).starts_with("bearer  ");
    return spaced && !peer.certificate ? "the provided Authorization header contains extra space "
                                         "before the bearer token, and is ignored"
                                       : "";
}

Checked<User> authenticate(const http::Request& request, const http::Peer& peer, Tokens& tokens) {
    if (peer.certificate) {
        return user_of(*peer.certificate);
    }
    const auto unauthorized = [] { return refuse(refusal(401, "Unauthorized", "Unauthorized")); };
    const auto token = bearer_token(request.headers.find("Authorization").value_or(""));
    if (token.empty()) {  // nothing that we know: nobody
        if (peer.bad_certificate) {
            return unauthorized();
        }
        return anonymous();
    }
    auto verdict = tokens.authenticate(token, tokens.api_audiences());
    if (!verdict.user) {
        return unauthorized();
    }
    return std::move(*verdict.user);
}

}  // namespace meshproof::fakes::kube
