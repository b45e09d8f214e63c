// A chaos file; what is written of its rules is read the same.
#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/chaos/rule.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto rules = fakes::parse_chaos(as_text({data, size}), "chaos.yaml");
    if (rules) {
        const auto written = fakes::chaos_json(*rules).dump();
        const auto again = fakes::parse_chaos(written, "again.json");
        MESHPROOF_ASSERT(again, "{}", again.error().message);
        MESHPROOF_ASSERT(*again == *rules, "{}", written);
    } else {
        const auto& message = rules.error().message;
        MESHPROOF_ASSERT(!message.empty() && message.find('\n') == std::string::npos, "{}",
                         message);
    }
    return 0;
}
