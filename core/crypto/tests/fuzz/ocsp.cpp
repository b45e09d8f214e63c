// OCSP requests and responses.
#include "core/crypto/ocsp.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto der = as_text({data, size});
    if (const auto id = crypto::parse_ocsp_request(der)) {
        const auto again = crypto::parse_ocsp_request(crypto::ocsp_request_der(*id));
        MESHPROOF_ASSERT(again && *again == *id);
    }
    (void)crypto::OcspResponse::from_der(der);
    return 0;
}
