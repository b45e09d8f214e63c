#include <benchmark/benchmark.h>

#include "perf/micro/bare.hpp"
#include "perf/micro/pki.hpp"

/// A mutual TLS 1.3 handshake in memory, both sides, beside the signatures that it cannot do
/// without.
namespace meshproof::micro {
namespace {

crypto::TlsParty party() {
    crypto::TlsParty result;
    result.identity = leaf();
    result.trust = {pki().root};
    result.at = now;
    return result;
}

void handshake(benchmark::State& state) {
    const auto client = party();
    const auto server = party();
    for (auto _ : state) {
        MESHPROOF_ASSERT(handshake_in_memory(client, server).accepted());
    }
}

// Each side signs once and verifies three signatures: the transcript's, the leaf's and the
// intermediate's.
void handshake_bare(benchmark::State& state) {
    BareSigner signer(pki().intermediate_key);
    for (auto _ : state) {
        for (int side = 0; side < 2; ++side) {
            signer.sign();
            MESHPROOF_ASSERT(signer.verify() && signer.verify() && signer.verify());
        }
    }
}

void context_make(benchmark::State& state) {
    const auto server = party();
    for (auto _ : state) {
        benchmark::DoNotOptimize(require(make_tls_context(server, true)));
    }
}

BENCHMARK(handshake)->Name("tls: mutual handshake")->Unit(benchmark::kMicrosecond);
BENCHMARK(handshake_bare)->Name("tls: bare signatures")->Unit(benchmark::kMicrosecond);
BENCHMARK(context_make)->Name("tls: one SSL_CTX")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace meshproof::micro
