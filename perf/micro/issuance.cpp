#include <benchmark/benchmark.h>

#include "perf/micro/bare.hpp"
#include "perf/micro/pki.hpp"

/// The steps of one issuance, each followed by the bare OpenSSL calls on which it rests: the ratio
/// of the two lines is what our own code and OpenSSL's encoders cost.
namespace meshproof::micro {
namespace {

using crypto::Certificate;
using crypto::Csr;
using crypto::Key;
using crypto::KeyType;

void key_generate(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(Key::generate(KeyType::p256));
    }
}
void key_generate_bare(benchmark::State& state) {
    BareGenerator generator;
    for (auto _ : state) {
        benchmark::DoNotOptimize(generator.generate());
    }
}

void csr_make(benchmark::State& state) {
    const Key key = Key::generate(KeyType::p256);
    const auto spec = csr_spec();
    for (auto _ : state) {
        benchmark::DoNotOptimize(Csr::make(spec, key).pem());
    }
}
void csr_check(benchmark::State& state) {
    const std::string pem = Csr::make(csr_spec(), Key::generate(KeyType::p256)).pem();
    for (auto _ : state) {
        MESHPROOF_ASSERT(require(Csr::from_pem(pem)).signature_valid());
    }
}
void certificate_sign(benchmark::State& state) {
    const Key key = Key::generate(KeyType::p256);
    const auto spec = leaf_spec();
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            sign_certificate(spec, key.public_key(), pki().intermediate_key, &pki().intermediate)
                .pem());
    }
}
// What a CA does for each request: read it, verify it, sign and print a leaf.
void csr_to_leaf(benchmark::State& state) {
    const std::string pem = Csr::make(csr_spec(), Key::generate(KeyType::p256)).pem();
    const auto spec = leaf_spec();
    for (auto _ : state) {
        const Csr received = require(Csr::from_pem(pem));
        MESHPROOF_ASSERT(received.signature_valid());
        benchmark::DoNotOptimize(sign_certificate(spec, received.public_key(),
                                                  pki().intermediate_key, &pki().intermediate)
                                     .pem());
    }
}
void csr_to_leaf_bare(benchmark::State& state) {
    BareSigner signer(pki().intermediate_key);
    for (auto _ : state) {
        MESHPROOF_ASSERT(signer.verify());
        signer.sign();
    }
}
void sign_bare(benchmark::State& state) {
    BareSigner signer(pki().intermediate_key);
    for (auto _ : state) {
        signer.sign();
    }
}
void verify_bare(benchmark::State& state) {
    const BareSigner signer(pki().intermediate_key);
    for (auto _ : state) {
        MESHPROOF_ASSERT(signer.verify());
    }
}

void leaf_parse(benchmark::State& state) {
    const std::string pem = leaf().leaf.pem();
    for (auto _ : state) {
        benchmark::DoNotOptimize(require(Certificate::from_pem(pem)));
    }
}

// A leaf that was just read, of a CA that is known.
void chain_check(benchmark::State& state) {
    const std::string pem = leaf().leaf.pem();
    for (auto _ : state) {
        MESHPROOF_ASSERT(
            verify_chain(chain_question(require(Certificate::from_pem(pem)))).accepted());
    }
}

void issuance(benchmark::State& state) {
    const auto csr = csr_spec();
    const auto spec = leaf_spec();
    for (auto _ : state) {
        const Key key = Key::generate(KeyType::p256);
        const Csr received = require(Csr::from_pem(Csr::make(csr, key).pem()));
        MESHPROOF_ASSERT(received.signature_valid());
        const std::string answer = sign_certificate(spec, received.public_key(),
                                                    pki().intermediate_key, &pki().intermediate)
                                       .pem();
        MESHPROOF_ASSERT(
            verify_chain(chain_question(require(Certificate::from_pem(answer)))).accepted());
    }
}
// One key, two signatures and two verifications: of the request and of the leaf. The intermediate's
// own signature was verified with the first leaf.
void issuance_bare(benchmark::State& state) {
    BareGenerator generator;
    BareSigner signer(pki().intermediate_key);
    for (auto _ : state) {
        benchmark::DoNotOptimize(generator.generate());
        signer.sign();
        signer.sign();
        MESHPROOF_ASSERT(signer.verify() && signer.verify());
    }
}

BENCHMARK(key_generate)->Name("key: generate")->Unit(benchmark::kMicrosecond);
BENCHMARK(key_generate_bare)->Name("key: bare keygen")->Unit(benchmark::kMicrosecond);
BENCHMARK(csr_make)->Name("csr: make and print")->Unit(benchmark::kMicrosecond);
BENCHMARK(sign_bare)->Name("csr: bare sign")->Unit(benchmark::kMicrosecond);
BENCHMARK(csr_check)->Name("csr: read and verify")->Unit(benchmark::kMicrosecond);
BENCHMARK(verify_bare)->Name("csr: bare verify")->Unit(benchmark::kMicrosecond);
BENCHMARK(certificate_sign)->Name("leaf: sign and print")->Unit(benchmark::kMicrosecond);
BENCHMARK(sign_bare)->Name("leaf: bare sign")->Unit(benchmark::kMicrosecond);
BENCHMARK(csr_to_leaf)->Name("sign: request in, leaf out")->Unit(benchmark::kMicrosecond);
BENCHMARK(csr_to_leaf_bare)->Name("sign: bare verify and sign")->Unit(benchmark::kMicrosecond);
BENCHMARK(leaf_parse)->Name("leaf: read")->Unit(benchmark::kMicrosecond);
BENCHMARK(chain_check)->Name("chain: read a leaf and check it")->Unit(benchmark::kMicrosecond);
BENCHMARK(verify_bare)->Name("chain: bare verify")->Unit(benchmark::kMicrosecond);
BENCHMARK(issuance)->Name("issuance: all of it")->Unit(benchmark::kMicrosecond);
BENCHMARK(issuance_bare)->Name("issuance: bare calls")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace meshproof::micro
