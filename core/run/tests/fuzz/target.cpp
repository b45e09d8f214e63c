// A target file, without an environment.
#include "core/run/target.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const run::Variables none = [](const std::string&) { return std::optional<std::string>(); };
    const auto target = run::Target::parse(as_text({data, size}), "/nonexistent/target.yaml", none);
    if (target) {
        MESHPROOF_ASSERT(target->leaf_ttl > Duration::zero());
        MESHPROOF_ASSERT(target->fake_vaults || !target->vaults.empty());
    } else {
        // A line for each thing that is wrong, which names the file, and perhaps the number of more.
        for (const auto& line : split(target.error().message, '\n')) {
            MESHPROOF_ASSERT(line.starts_with("/nonexistent/target.yaml") ||
                                 (line.starts_with("and ") && line.ends_with(" more")),
                             "{}", line);
        }
    }
    return 0;
}
