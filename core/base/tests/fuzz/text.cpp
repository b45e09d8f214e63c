// Base64 in both alphabets, splitting, trimming.
#include "core/base/text.hpp"

#include "core/base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    MESHPROOF_ASSERT(from_base64(to_base64(text)) == text);
    MESHPROOF_ASSERT(from_base64url(to_base64url(text)) == text);
    if (const auto bytes = from_base64(text)) {
        MESHPROOF_ASSERT(from_base64(to_base64(*bytes)) == bytes);
    }
    if (const auto bytes = from_base64url(text)) {
        MESHPROOF_ASSERT(from_base64url(to_base64url(*bytes)) == bytes);
    }
    MESHPROOF_ASSERT(join(split(text, '/'), "/") == text);
    MESHPROOF_ASSERT(trim(trim(text)) == trim(text));
    MESHPROOF_ASSERT(lower(lower(text)) == lower(text));
    return 0;
}
