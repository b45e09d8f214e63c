// Small texts inside of Vault's requests: PEM as Go finds it, URIs as Go reads them, JWTs of a
// login, request targets, JSON bodies.
#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "fakes/vault/kubernetes_auth/jwt.hpp"
#include "fakes/vault/pki/ground/pem.hpp"
#include "fakes/vault/pki/ground/uri.hpp"
#include "fakes/vault/server/request_parts.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    const std::string own(text);
    for (const auto& block : fakes::vault::pki::pem_blocks(text)) {
        (void)fakes::vault::pki::pem_of(block);
    }
    if (const auto uri = fakes::vault::pki::rewritten_uri(own)) {
        const auto again = fakes::vault::pki::rewritten_uri(*uri);
        MESHPROOF_ASSERT(again && *again == *uri, "{} became {}", own, *uri);
    }
    (void)fakes::vault::pki::trouble_with_uri(own);
    const auto [path, query] = fakes::vault::split_target(text);
    for (const auto product : {vault::Product::openbao, vault::Product::vault}) {
        (void)fakes::vault::redirect(path, query, "GET", product);
        if (const auto body = fakes::vault::parse_body(own, "map[string]interface {}", product)) {
            MESHPROOF_ASSERT(body->is_object());
        }
        fakes::vault::JwtRules rules;
        rules.product = product;
        (void)fakes::vault::read_workload(rules, text, from_unix_seconds(1'900'000'000));
    }
    return 0;
}
