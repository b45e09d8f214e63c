// A report.json.
#include "reports/report.hpp"
#include "core/base/assert.hpp"
#include "core/base/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto result = reports::parse_report(as_text({data, size}));
    if (result) {
        const auto written = reports::to_json(*result);
        const auto again = reports::parse_report(written);
        MESHPROOF_ASSERT(again && *again == *result, "{}", written);
        (void)reports::to_junit(*result);
        (void)reports::to_markdown(*result);
    } else {
        const auto& message = result.error().message;
        MESHPROOF_ASSERT(!message.empty() && message.find('\n') == std::string::npos, "{}",
                         message);
    }
    return 0;
}
