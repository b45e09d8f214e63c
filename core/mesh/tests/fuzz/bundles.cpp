// Bundles of authorities: PEM as the integration takes it, and JWKS as SPIFFE federates it.
#include <openssl/evp.h>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/mesh/ca_bundle.hpp"
#include "core/mesh/svid.hpp"

namespace {
// The keys for which RFC 7518 has a form.
bool has_jwk(const meshproof::crypto::PublicKey& key) {
    char name[64] = "";
    std::size_t length = 0;
    return key.algorithm() == "rsa" ||
           (key.algorithm() == "ec" &&
            EVP_PKEY_get_group_name(key.native(), name, sizeof name, &length) == 1 &&
            std::set<std::string_view>{"prime256v1", "secp384r1", "secp521r1"}.contains(name));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    if (const auto bundle = mesh::CaBundle::parse(text)) {
        const auto again = mesh::CaBundle::parse(bundle->pem());
        MESHPROOF_ASSERT(again && again->certificates() == bundle->certificates());
    }
    if (const auto certificates = crypto::Certificate::all_from_pem(text)) {
        for (const auto& certificate : *certificates) {
            (void)mesh::check_leaf(certificate);
            (void)mesh::check_signing(certificate);
            (void)mesh::svid_id(certificate);
            (void)mesh::validate({certificate,
                                  *certificates,
                                  {{"example.org", *certificates}},
                                  from_unix_seconds(1'900'000'000)});
        }
    }
    if (const auto bundle = mesh::read_bundle(text)) {
        std::vector<crypto::Certificate> written;
        for (const auto& authority : bundle->authorities) {
            if (has_jwk(authority.public_key())) {
                written.push_back(authority);
            }
        }
        const auto again = mesh::read_bundle(mesh::write_bundle(written));
        MESHPROOF_ASSERT(again && again->authorities == written);
    }
    return 0;
}
