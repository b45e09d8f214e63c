// SPIFFE IDs and trust domains, by both of their readers.
#include "core/spiffe/identity.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/spiffe/svid.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    const auto id = spiffe::SpiffeId::parse(text);
    if (id) {
        MESHPROOF_ASSERT(spiffe::SpiffeId::parse(id->text()) == *id, "{} became {}", text,
                         id->text());
        MESHPROOF_ASSERT(spiffe::TrustDomain::parse(id->trust_domain().name()) ==
                         id->trust_domain());
    }
    // The parser also folds upper case in the trust domain (I6).
    if (spiffe::check_id(text).accepted()) {
        MESHPROOF_ASSERT(id, "{}", text);
    }
    (void)spiffe::TrustDomain::parse(text);
    return 0;
}
