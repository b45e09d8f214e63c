// An answer of a Vault, as every typed call of the client reads it. The first byte is the status.
#include <array>
#include <boost/asio/io_context.hpp>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/http/tests/fuzz/same_answer.hpp"
#include "core/time/sim_clock.hpp"
#include "core/vault/client.hpp"

namespace meshproof::vault {
namespace {

template <class T>
void check(const Result<T>& result) {
    MESHPROOF_ASSERT(result || !result.error().message.empty());
}

Task<void> ask(Client vault) {
    check(co_await vault.health());
    check(co_await vault.seal_status());
    check(co_await vault.seal());
    check(co_await vault.unseal(Secret("key")));
    check(co_await vault.list_secrets());
    check(co_await vault.auth_methods());
    check(co_await vault.namespaces());
    check(co_await vault.list_entity_aliases());
    check(co_await vault.alias_accessors_of("e"));
    check(co_await vault.read_policy("p"));
    check(co_await vault.list_policies());
    check(co_await vault.capabilities_self("pki/sign/r"));
    check(co_await vault.generate_root("pki", Json::object()));
    check(co_await vault.generate_intermediate_csr("pki", Json::object()));
    check(co_await vault.sign_intermediate("pki", Json::object()));
    check(co_await vault.set_signed("pki", "pem"));
    check(co_await vault.write_role("pki", "r", Json::object()));
    check(co_await vault.sign("pki", "r", {}));
    check(co_await vault.issue("pki", "r", Json::object()));
    check(co_await vault.ca_chain("pki"));
    check(co_await vault.login_kubernetes("kubernetes", "r", Secret("jwt")));
    check(co_await vault.lookup_self());
}

}  // namespace
}  // namespace meshproof::vault

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    constexpr std::array statuses = {200, 204, 307, 400, 403, 404, 429, 472, 500, 503};
    if (size == 0) {
        return 0;
    }
    boost::asio::io_context context;
    SimClock clock(context, from_unix_seconds(1'900'000'000));
    http::SameAnswer wire(statuses[data[0] % statuses.size()],
                          std::string(as_text({data + 1, size - 1})));
    vault::Config config;
    config.endpoint.url = {"https", "vault", 8200, ""};
    config.token = Secret("fuzz");
    clock.run(vault::ask(vault::Client(wire, config)));
    return 0;
}
