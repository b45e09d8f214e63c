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
        const auto& message = target.error().message;
        MESHPROOF_ASSERT(!message.empty() && message.find('\n') == std::string::npos, "{}",
                         message);
    }
    return 0;
}
