// Policies in HCL and JSON, and what they decide.
#include "fakes/vault/server/policy.hpp"

#include "core/base/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    for (const auto product : {vault::Product::openbao, vault::Product::vault}) {
        (void)fakes::vault::parse_hcl(text, product);
        if (const auto policy = fakes::vault::parse_policy(text, product)) {
            fakes::vault::Acl acl;
            acl.add(*policy);
            for (const auto* path : {"pki/sign/r", "secret/data/a/b", "sys/mounts", ""}) {
                (void)acl.allows(fakes::vault::Operation::update, true, path, {{"ttl", "1h"}});
                (void)acl.sudo(fakes::vault::Operation::read, path);
                (void)acl.capabilities(path);
                (void)acl.touches(path);
            }
        }
    }
    return 0;
}
