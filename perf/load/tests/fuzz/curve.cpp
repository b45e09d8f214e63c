// A file of measured curves.
#include "perf/load/curve.hpp"
#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "perf/load/plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto curves = load::parse_curves(as_text({data, size}));
    if (curves) {
        const auto written = load::curves_json(*curves);
        const auto again = load::parse_curves(written);
        MESHPROOF_ASSERT(again && load::curves_json(*again) == written, "{}", written);
        for (const auto& curve : *curves) {
            (void)load::capacity_lines(curve, std::chrono::hours(1));
            (void)load::server_model(curve);
        }
        if (const auto plan = load::make_plan(*curves, {}, "curves.json")) {
            (void)load::plan_text(*plan);
            (void)load::plan_json(*plan);
        }
    } else {
        const auto& message = curves.error().message;
        MESHPROOF_ASSERT(!message.empty() && message.find('\n') == std::string::npos, "{}",
                         message);
    }
    return 0;
}
