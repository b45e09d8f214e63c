// Requests to a whole FakeKube, one after the other.
#include <boost/asio/io_context.hpp>

#include "core/base/assert.hpp"
#include "core/http/tests/fuzz/script.hpp"
#include "core/time/sim_clock.hpp"
#include "fakes/kube/fake_kube.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    boost::asio::io_context context;
    SimClock clock(context, from_unix_seconds(1'900'000'000));
    fakes::FakeKubeOptions options;
    options.es256 = true;  // quicker to generate than RSA
    options.ca_pem = "CA";
    fakes::FakeKube kube(options, clock);
    for (const auto& request : http::requests_of(as_text({data, size}))) {
        const auto response = clock.run(kube.handle(request, {"127.0.0.1", {}}));
        MESHPROOF_ASSERT(response.status >= 200 && response.status < 600, "{}", response.status);
    }
    return 0;
}
