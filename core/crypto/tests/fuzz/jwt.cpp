// A compact JWS, and serial numbers, which are text of the same callers.
#include "core/crypto/jwt.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/crypto/certificate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    static const auto ec = crypto::Key::generate(crypto::KeyType::p256).public_key();
    static const auto rsa = crypto::Key::generate(crypto::KeyType::rsa_2048).public_key();
    if (const auto jwt = crypto::Jwt::decode(text)) {
        MESHPROOF_ASSERT(text.starts_with(jwt->signed_part + "."));
        MESHPROOF_ASSERT(from_base64url(text.substr(jwt->signed_part.size() + 1)) ==
                         jwt->signature);
        MESHPROOF_ASSERT(!jwt->verify(ec) && !jwt->verify(rsa), "these keys signed nothing");
    }
    if (const auto serial = crypto::parse_serial(text)) {
        // Leading zeros go, and nothing else.
        const auto printed = crypto::serial_text(*serial);
        const auto again = crypto::parse_serial(printed);
        MESHPROOF_ASSERT(printed.empty() || (again && crypto::serial_text(*again) == printed));
    }
    return 0;
}
