#include "fakes/world/fake_servers.hpp"

#include "core/base/assert.hpp"
#include "core/crypto/tls.hpp"

namespace meshproof::fakes {

struct FakeServers::State {
    struct Vault {
        std::unique_ptr<FakeVault> rules;
        std::unique_ptr<http::Listener> listener;  // ends before the rules that it serves
    };
    struct Kube {
        std::unique_ptr<FakeKube> rules;
        std::unique_ptr<http::Listener> listener;
    };
    FakeServersOptions options;
    crypto::ServerCredentials credentials;
    std::vector<Vault> vaults;
    std::vector<Kube> kubes;
};

FakeServers::FakeServers(std::unique_ptr<State> state) : state_(std::move(state)) {}
FakeServers::~FakeServers() = default;

namespace {

http::ListenSpec listen_spec(const FakeServersOptions& options,
                             const crypto::ServerCredentials& credentials, std::string name,
                             std::uint16_t port) {
    http::ListenSpec spec;
    spec.name = std::move(name);
    spec.port = port;
    spec.tls = options.tls;
    spec.party = [identity = credentials.identity] {
        crypto::TlsParty party;
        party.identity = identity;
        party.verify_peer = false;
        return party;
    };
    return spec;
}

vault::Product other(vault::Product product) {
    return product == vault::Product::openbao ? vault::Product::vault : vault::Product::openbao;
}

}  // namespace

Task<Result<std::unique_ptr<FakeServers>>> FakeServers::start(FakeServersOptions options,
                                                              Clock& clock,
                                                              http::Transport& transport) {
    auto state = std::make_unique<State>();
    state->options = options;
    Prng prng = Prng(options.seed).fork("fake servers");
    // In sim, hosts are names: the servers' and those of the links before them.
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::max(options.vaults, options.clusters); ++i) {
        for (const auto* base : {"vault", "kube"}) {
            names.push_back(fmt::format("{}-{}", base, i));
            names.push_back(fmt::format("{}-{}-link", base, i));
        }
    }
    state->credentials = crypto::make_server_credentials("meshproof fake servers", clock.now(),
                                                         options.certificate_life, names);

    for (std::size_t i = 0; i < options.clusters; ++i) {
        FakeKubeOptions kube;
        kube.name = fmt::format("kube-{}", i);
        kube.seed = prng.fork(kube.name).seed();
        kube.admin_token = Secret("admin-" + prng.fork(kube.name + " admin").token(24));
        kube.ca_pem = state->credentials.ca.pem();
        kube.es256 = options.es256;
        kube.defects = options.defects;
        auto spec = listen_spec(options, state->credentials, kube.name,
                                i == 0 ? options.kube_port : std::uint16_t{0});
        State::Kube served;
        served.rules = std::make_unique<FakeKube>(std::move(kube), clock);
        auto listener = co_await transport.listen(std::move(spec), *served.rules);
        if (!listener) {
            co_return propagate(listener, "fake API server");
        }
        served.listener = std::move(*listener);
        state->kubes.push_back(std::move(served));
    }
    for (std::size_t i = 0; i < options.vaults; ++i) {
        FakeVaultOptions vault;
        vault.name = fmt::format("vault-{}", i);
        vault.product = i % 2 == 0 ? options.product : other(options.product);
        vault.seed = prng.fork(vault.name).seed();
        vault.root_token = Secret((vault.product == vault::Product::openbao ? "s." : "hvs.") +
                                  prng.fork(vault.name + " root").token(24));
        vault.defects = options.defects;
        vault.sign_service_time = options.sign_service_time;
        vault.sign_concurrency = options.sign_concurrency;
        auto spec = listen_spec(options, state->credentials, vault.name,
                                i == 0 ? options.vault_port : std::uint16_t{0});
        State::Vault served;
        served.rules = std::make_unique<FakeVault>(std::move(vault), clock, transport);
        auto listener = co_await transport.listen(std::move(spec), *served.rules);
        if (!listener) {
            co_return propagate(listener, "fake Vault");
        }
        served.listener = std::move(*listener);
        state->vaults.push_back(std::move(served));
    }
    co_return std::unique_ptr<FakeServers>(new FakeServers(std::move(state)));
}

void FakeServers::complete(run::Target& target) const {
    const auto& s = *state_;
    if (!s.vaults.empty()) {
        target.vaults.clear();
    }
    for (const auto& served : s.vaults) {
        run::VaultTarget vault;
        vault.config.endpoint.url = served.listener->url();
        vault.config.endpoint.tls.trust = {s.credentials.ca};
        vault.config.token = served.rules->root_token();
        vault.product = served.rules->options().product;
        vault.unseal_keys = served.rules->unseal_keys();
        vault.allow_seal = true;
        target.vaults.push_back(std::move(vault));
    }
    if (!s.kubes.empty()) {
        target.clusters.clear();
    }
    for (const auto& served : s.kubes) {
        kube::Access access;
        access.context = access.cluster = served.rules->options().name;
        access.user = "admin";
        access.endpoint.url = served.listener->url();
        access.endpoint.tls.trust = {s.credentials.ca};
        access.ca_pem = s.credentials.ca.pem();
        access.token = served.rules->options().admin_token;
        target.clusters.push_back(std::move(access));
    }
}

FakeVault& FakeServers::vault(std::size_t index) {
    return *state_->vaults.at(index).rules;
}
FakeKube& FakeServers::kube(std::size_t index) {
    return *state_->kubes.at(index).rules;
}
http::Listener& FakeServers::vault_listener(std::size_t index) {
    return *state_->vaults.at(index).listener;
}
http::Listener& FakeServers::kube_listener(std::size_t index) {
    return *state_->kubes.at(index).listener;
}
const crypto::Certificate& FakeServers::ca() const {
    return state_->credentials.ca;
}

}  // namespace meshproof::fakes
