// A kubeconfig and all of its contexts; what we write of one is read the same.
#include "core/kube/kubeconfig.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

namespace {
bool printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto file = kube::Kubeconfig::parse(as_text({data, size}), "/nonexistent");
    if (!file) {
        return 0;
    }
    (void)file->access();
    for (const auto& context : file->contexts()) {
        // What is no ASCII text cannot be sent in a header, and YAML does not carry all of it.
        const auto access = file->access(context);
        if (access && printable(access->token.reveal()) && printable(access->namespace_name) &&
            printable(access->endpoint.tls.server_name)) {
            const auto written = kube::Kubeconfig::parse(kube::write_kubeconfig(*access), "");
            MESHPROOF_ASSERT(written, "{}", written.error().message);
            const auto again = written->access();
            MESHPROOF_ASSERT(again, "{}", again.error().message);
            MESHPROOF_ASSERT(again->endpoint.url == access->endpoint.url &&
                             again->token == access->token &&
                             again->namespace_name == access->namespace_name &&
                             again->endpoint.tls.server_name == access->endpoint.tls.server_name);
        }
    }
    return 0;
}
