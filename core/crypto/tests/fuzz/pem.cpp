// PEM text as each of its readers sees it: certificates, requests, lists, keys.
#include "core/base/text.hpp"
#include "core/crypto/tests/fuzz/questions.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    const auto text = as_text({data, size});
    const auto all = crypto::Certificate::all_from_pem(text);
    const auto first = crypto::Certificate::from_pem(text);
    if (all) {
        MESHPROOF_ASSERT(first && !all->empty() && *first == all->front());
        const auto again = crypto::Certificate::all_from_pem(crypto::to_pem(*all));
        MESHPROOF_ASSERT(again && *again == *all);
    }
    if (const auto csr = crypto::Csr::from_pem(text)) {
        crypto::ask(*csr);
    }
    if (const auto crl = crypto::Crl::from_pem(text)) {
        crypto::ask(*crl);
    }
    if (const auto key = crypto::PublicKey::from_pem(text)) {
        const auto again = crypto::PublicKey::from_pem(key->pem());
        MESHPROOF_ASSERT(again && *again == *key);
        crypto::ask_key(*key);
    }
    if (const auto key = crypto::Key::from_pem(text)) {
        const auto again = crypto::Key::from_pem(key->pkcs8_pem());
        MESHPROOF_ASSERT(again && again->public_key() == key->public_key());
        (void)key->traditional_pem();
    }
    return 0;
}
