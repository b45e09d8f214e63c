// URLs, percent-encoding and query strings.
#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/http/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    if (const auto url = http::Url::parse(text)) {
        const auto again = http::Url::parse(url->text());
        MESHPROOF_ASSERT(again && *again == *url, "{} became {}", text, url->text());
        (void)url->loopback();
    }
    MESHPROOF_ASSERT(http::percent_decode(http::percent_encode(text)) == text);
    (void)http::percent_decode(text);
    std::string written;
    const auto pairs = http::parse_query(text);
    for (const auto& [name, value] : pairs) {
        written += (written.empty() ? "" : "&") + http::percent_encode(name) + "=" +
                   http::percent_encode(value);
    }
    MESHPROOF_ASSERT(http::parse_query(written) == pairs, "{}", written);
    return 0;
}
