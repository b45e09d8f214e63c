// Selectors, YAML bodies and request targets.
#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/kube/body.hpp"
#include "fakes/kube/request_info.hpp"
#include "fakes/kube/selectors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    using namespace meshproof::fakes;
    const auto text = as_text({data, size});
    const nlohmann::json object = {
        {"metadata", {{"name", "p"}, {"labels", {{"app", "web"}, {"tier", "1"}}}}},
        {"status", {{"phase", "Running"}}}};
    for (const auto& selector : {kube::Selector::labels(text), kube::Selector::fields(text)}) {
        if (selector) {
            (void)selector->keys();
            (void)selector->matches(object);
        }
    }
    std::vector<std::string> repeated;
    (void)kube::json_of_yaml(std::string(text), repeated);
    (void)kube::json_fault(std::string(text));
    http::Request request;
    request.target = text;
    const auto info = kube::RequestInfo::of(request);
    (void)info.param("watch");
    (void)info.flag("watch");
    return 0;
}
