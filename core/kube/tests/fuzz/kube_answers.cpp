// An answer of an API server, as every typed call of the client reads it, and as a watch. The first
// byte is the status.
#include <array>
#include <boost/asio/io_context.hpp>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/http/tests/fuzz/same_answer.hpp"
#include "core/kube/client.hpp"
#include "core/time/sim_clock.hpp"

namespace meshproof::kube {
namespace {

template <class T>
void check(const Result<T>& result) {
    MESHPROOF_ASSERT(result || !result.error().message.empty());
}

Task<void> ask(Client kube) {
    check(co_await kube.version());
    check(co_await kube.namespace_exists("n"));
    check(co_await kube.create_namespace("n", {}));
    check(co_await kube.create_service_account({}));
    check(co_await kube.service_account("n", "a"));
    check(co_await kube.list_service_accounts("n"));
    check(co_await kube.request_token("n", "a", {}));
    check(co_await kube.review_token(Secret("jwt")));
    check(co_await kube.secret("n", "s"));
    check(co_await kube.list_secrets("n"));
    check(co_await kube.pod("n", "p"));
    check(co_await kube.list_pods("n"));
    check(co_await kube.list_cluster_role_bindings(""));
    auto watch = co_await kube.watch_pods("n", "", "1");
    check(watch);
    for (bool more = watch.has_value(); more;) {
        const auto event = co_await watch->next();
        check(event);
        more = event && *event;
    }
}

}  // namespace
}  // namespace meshproof::kube

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    constexpr std::array statuses = {200, 201, 400, 401, 403, 404, 409, 410, 429, 500};
    if (size == 0) {
        return 0;
    }
    boost::asio::io_context context;
    SimClock clock(context, from_unix_seconds(1'900'000'000));
    http::SameAnswer wire(statuses[data[0] % statuses.size()],
                          std::string(as_text({data + 1, size - 1})));
    kube::Access access;
    access.endpoint.url = {"https", "kube", 6443, ""};
    access.token = Secret("fuzz");
    clock.run(kube::ask(kube::Client(wire, access)));
    return 0;
}
