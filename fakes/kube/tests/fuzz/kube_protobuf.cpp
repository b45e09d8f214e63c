// Bodies in the binary form of kubectl.
#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/kube/protobuf.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof::fakes;
    const auto body = meshproof::as_text({data, size});
    for (const auto* kind : {"ServiceAccount", "Pod", "Deployment"}) {
        if (const auto read = kube::json_of_protobuf(body, kind)) {
            MESHPROOF_ASSERT(read->is_object());
            // What was read once is written and read again as the same.
            if (const auto bytes = kube::protobuf_of(*read)) {
                const auto again = kube::json_of_protobuf(*bytes, kind);
                MESHPROOF_ASSERT(again && kube::protobuf_of(*again) == bytes);
            }
        } else {
            (void)kube::body_summary(body);  // which the refusal quotes
        }
    }
    return 0;
}
