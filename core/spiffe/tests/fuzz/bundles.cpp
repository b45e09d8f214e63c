// Chains in PEM under the SVID rules, and bundles of authorities as JWKS.
#include <openssl/evp.h>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/spiffe/svid.hpp"

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
    if (const auto certificates = crypto::Certificate::all_from_pem(text)) {
        for (const auto& certificate : *certificates) {
            (void)spiffe::check_leaf(certificate);
            (void)spiffe::check_signing(certificate);
            (void)spiffe::svid_id(certificate);
            (void)spiffe::validate({certificate,
                                    *certificates,
                                    {{"example.org", *certificates}},
                                    from_unix_seconds(1'900'000'000)});
        }
    }
    if (const auto bundle = spiffe::read_bundle(text)) {
        std::vector<crypto::Certificate> written;
        for (const auto& authority : bundle->authorities) {
            if (has_jwk(authority.public_key())) {
                written.push_back(authority);
            }
        }
        const auto again = spiffe::read_bundle(spiffe::write_bundle(written));
        MESHPROOF_ASSERT(again && again->authorities == written);
    }
    return 0;
}
