// A Certificate in DER, and every question about it.
#include "core/base/text.hpp"
#include "core/crypto/tests/fuzz/questions.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    if (const auto read = crypto::Certificate::from_der(as_text({data, size}))) {
        crypto::ask(*read);
    }
    return 0;
}
