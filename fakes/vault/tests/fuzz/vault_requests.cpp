// Requests to a whole FakeVault, one after the other, on both products.
// TokenReviews are answered as for the account default/web.
#include <boost/asio/io_context.hpp>

#include "core/base/assert.hpp"
#include "core/http/tests/fuzz/same_answer.hpp"
#include "core/http/tests/fuzz/script.hpp"
#include "core/time/sim_clock.hpp"
#include "fakes/vault/fake_vault.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto requests = http::requests_of(as_text({data, size}));
    for (const auto product : {vault::Product::openbao, vault::Product::vault}) {
        boost::asio::io_context context;
        SimClock clock(context, from_unix_seconds(1'900'000'000));
        http::SameAnswer wire(201, R"({"status":{"authenticated":true,"user":{"uid":"u",)"
                                   R"("username":"system:serviceaccount:default:web","groups":[]},)"
                                   R"("audiences":["https://kubernetes.default.svc"]}})");
        fakes::vault::FakeVaultOptions options;
        options.product = product;
        fakes::vault::FakeVault vault(options, clock, wire);
        for (const auto& request : requests) {
            const auto response = clock.run(vault.handle(request, {"127.0.0.1", {}}));
            MESHPROOF_ASSERT(response.status >= 200 && response.status < 600, "{}",
                             response.status);
        }
    }
    return 0;
}
