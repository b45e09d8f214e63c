// SPIFFE IDs and trust domains, by both of their readers; and a pushed CA configuration.
#include "core/mesh/identity.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/mesh/ca_config.hpp"
#include "core/mesh/svid.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    const auto id = mesh::SpiffeId::parse(text);
    if (id) {
        MESHPROOF_ASSERT(mesh::SpiffeId::parse(id->text()) == *id, "{} became {}", text,
                         id->text());
        MESHPROOF_ASSERT(mesh::TrustDomain::parse(id->trust_domain().name()) == id->trust_domain());
    }
    // The parser also folds upper case in the trust domain (I6).
    if (mesh::check_id(text).accepted()) {
        MESHPROOF_ASSERT(id, "{}", text);
    }
    (void)mesh::TrustDomain::parse(text);
    if (const auto config = mesh::CaConfig::parse(text)) {
        const auto again = mesh::CaConfig::parse(config->json());
        MESHPROOF_ASSERT(again && again->json() == config->json());
    }
    return 0;
}
