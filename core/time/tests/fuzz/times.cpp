// Durations as Vault takes them, and RFC 3339 dates.
#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/time/time.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    if (const auto duration = parse_duration(text)) {
        (void)human_duration(*duration);
        // Reading goes by way of a double, which holds whole seconds exactly.
        const auto whole = std::chrono::duration_cast<std::chrono::seconds>(*duration);
        const auto again = parse_duration(go_duration(whole));
        MESHPROOF_ASSERT(again == Duration(whole), "{}", go_duration(whole));
        (void)go_duration(*duration);
    }
    if (const auto time = parse_rfc3339(text)) {
        const auto again = parse_rfc3339(rfc3339_nano(*time));
        MESHPROOF_ASSERT(again == time, "{}", rfc3339_nano(*time));
        MESHPROOF_ASSERT(parse_rfc3339(rfc3339(*time)) == from_unix_seconds(unix_seconds(*time)));
    }
    return 0;
}
