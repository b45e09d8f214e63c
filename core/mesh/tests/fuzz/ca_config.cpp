// What a cluster is connected with: its CA configuration as JSON, and the integration's CA bundle
// as PEM.
#include "core/mesh/ca_config.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/mesh/ca_bundle.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    if (const auto config = mesh::CaConfig::parse(text)) {
        const auto again = mesh::CaConfig::parse(config->json());
        MESHPROOF_ASSERT(again && again->json() == config->json());
    }
    if (const auto bundle = mesh::CaBundle::parse(text)) {
        const auto again = mesh::CaBundle::parse(bundle->pem());
        MESHPROOF_ASSERT(again && again->certificates() == bundle->certificates());
    }
    return 0;
}
