// Bundles of authorities: PEM as the integration takes it, and JWKS as SPIFFE federates it.
#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/mesh/ca_bundle.hpp"
#include "core/mesh/svid.hpp"

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
        const auto again = mesh::read_bundle(mesh::write_bundle(bundle->authorities));
        MESHPROOF_ASSERT(again && again->authorities == bundle->authorities);
    }
    return 0;
}
