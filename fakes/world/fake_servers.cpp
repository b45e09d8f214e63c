#include "fakes/world/fake_servers.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "core/base/assert.hpp"
#include "core/crypto/tls.hpp"
#include "core/time/worker.hpp"
#include "fakes/state.hpp"

namespace meshproof::fakes {

namespace {

/// Answers as another handler, but not before what was changed is kept.
class KeepingHandler final : public http::Handler {
  public:
    KeepingHandler(http::Handler& inner, const std::function<Task<Result<void>>()>& kept)
        : inner_(inner), kept_(kept) {}

    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override {
        const auto& method = request.method;
        const bool reads = method == "GET" || method == "HEAD" || method == "LIST";
        auto response = co_await inner_.handle(std::move(request), std::move(peer));
        if (!reads) {
            if (const auto done = co_await kept_(); !done) {
                co_return not_kept(done.error().message);
            }
        }
        co_return response;
    }

  private:
    /// In the words of both servers.
    static http::Response not_kept(const std::string& why) {
        const auto text = "what was changed could not be kept: " + why;
        http::Response response;
        response.status = 500;
        response.headers = {{"Content-Type", "application/json"}};
        response.body =
            nlohmann::json{{"errors", {text}},    {"kind", "Status"}, {"apiVersion", "v1"},
                           {"status", "Failure"}, {"message", text},  {"reason", "InternalError"},
                           {"code", 500}}
                .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        return response;
    }

    http::Handler& inner_;
    const std::function<Task<Result<void>>()>& kept_;
};

bool is_ip_address(const std::string& name) {
    boost::system::error_code error;
    (void)boost::asio::ip::make_address(name, error);
    return !error;
}

vault::Product other(vault::Product product) {
    return product == vault::Product::openbao ? vault::Product::vault : vault::Product::openbao;
}

}  // namespace

struct FakeServers::State {
    /// A server: its rules, what stands before them, and its port. They end in the opposite order.
    template <class Rules, class Options>
    struct Server {
        Options options;
        const nlohmann::json* saved = nullptr;  ///< what it begins with; null = empty
        std::unique_ptr<ServerClock> clock;
        std::shared_ptr<Rules> rules;
        std::unique_ptr<ChaosHandler> handler;
        std::unique_ptr<KeepingHandler> keeping;
        std::unique_ptr<http::Listener> listener;
    };
    using Vault = Server<vault::FakeVault, vault::FakeVaultOptions>;
    using Kube = Server<FakeKube, FakeKubeOptions>;

    State(FakeServersOptions wanted, Clock& base, http::Transport& its_transport)
        : options(std::move(wanted)),
          transport(its_transport),
          clock(base),
          chaos(options.seed, clock),
          worker(options.reads_aside ? std::make_unique<Worker>() : nullptr) {}

    [[nodiscard]] Result<void> begin(Vault& server) {
        if (server.saved == nullptr) {
            server.rules =
                std::make_shared<vault::FakeVault>(server.options, *server.clock, transport);
        } else {
            auto rules =
                vault::FakeVault::restored(*server.saved, server.options, *server.clock, transport);
            if (!rules) {
                return propagate(rules, server.options.name);
            }
            server.rules = std::move(*rules);
        }
        server.handler->serve(server.rules);
        return {};
    }
    [[nodiscard]] Result<void> begin(Kube& server) {
        if (server.saved == nullptr) {
            server.rules = std::make_shared<FakeKube>(server.options, *server.clock);
        } else {
            auto rules = FakeKube::restored(*server.saved, server.options, *server.clock);
            if (!rules) {
                return propagate(rules, server.options.name);
            }
            server.rules = std::move(*rules);
        }
        server.handler->serve(server.rules);
        return {};
    }

    /// The date of the start: the one that was asked for, another clock's, or where a saved one
    /// would be now. The windows of chaos begin there.
    void set_date() {
        clock.reset();
        if (options.date) {
            clock.advance(*options.date - clock.now());
        } else if (!options.state.is_null()) {
            set_saved_date();
        }
        if (options.frozen) {
            clock.freeze();
        }
        chaos.set(options.chaos);
    }

    void set_saved_date() {
        const auto& date = options.state.at("date");
        std::optional<Time> frozen;
        read_member(date, "frozen", frozen);
        Duration offset{};
        read_member(date, "offset", offset);
        if (offset > furthest || offset < -furthest) {
            refuse_state("expected a date within a century");
        }
        if (frozen) {
            clock.freeze();
            clock.advance(*frozen - clock.now());
        } else {
            clock.skew(offset);
        }
    }

    /// Credentials and date as they were saved. Contents wait for begin().
    void load() {
        const auto& state = options.state;
        const auto &saved_vaults = state.at("vaults"), &saved_clusters = state.at("clusters");
        if (!saved_vaults.is_array() || saved_vaults.size() != options.vaults ||
            !saved_clusters.is_array() || saved_clusters.size() != options.clusters) {
            refuse_state("expected {} Vaults and {} API servers, got {} and {}", options.vaults,
                         options.clusters, saved_vaults.size(), saved_clusters.size());
        }
        in_part("date", [this] { set_date(); });
        in_part("tls", [&] { load_credentials(state.at("tls")); });
        certify({options.vault_listen.address, options.kube_listen.address});
        certify(extra_names());
    }

    /// The names that clients may know the servers by, beside those of this machine.
    [[nodiscard]] std::vector<std::string> extra_names() const {
        auto names = options.names;
        if (!options.advertise.empty()) {
            names.push_back(options.advertise);
        }
        return names;
    }

    void load_credentials(const nlohmann::json& saved) {
        auto& [ca, ca_key, identity] = credentials;
        read_member(saved, "ca", ca);
        read_member(saved, "ca_key", ca_key);
        read_member(saved, "certificate", identity.leaf);
        read_member(saved, "key", identity.key);
        if (ca_key.public_key() != ca.public_key() ||
            identity.key.public_key() != identity.leaf.public_key()) {
            refuse_state("a key does not fit its certificate");
        }
    }

    /// The servers' certificate has these names, which may be others than last time.
    void certify(const std::vector<std::string>& names) {
        auto& leaf = credentials.identity.leaf;
        crypto::CertificateSpec spec;
        spec.alt_names = leaf.alt_names();
        bool missing = false;
        for (const auto& name : names) {
            auto& known = is_ip_address(name) ? spec.alt_names.ips : spec.alt_names.dns;
            if (std::ranges::find(known, name) == known.end()) {
                known.push_back(name);
                missing = true;
            }
        }
        if (!missing) {
            return;
        }
        spec.subject = leaf.subject();
        spec.not_before = leaf.not_before();
        spec.not_after = leaf.not_after();
        spec.key_usage = leaf.key_usage();
        spec.extended_key_usage = {std::string(crypto::eku_server_auth)};
        leaf = crypto::sign_certificate(spec, credentials.identity.key.public_key(),
                                        credentials.ca_key, &credentials.ca);
    }

    [[nodiscard]] std::function<crypto::TlsParty()> party() const {
        return [identity = credentials.identity] {
            crypto::TlsParty party;
            party.identity = identity;
            party.verify_peer = false;
            party.resume = true;  // as Go's servers do
            return party;
        };
    }

    /// As party(), and a client certificate of our CA names a user, where one is shown.
    [[nodiscard]] std::function<crypto::TlsParty()> kube_party() const {
        return [shown = party(), ca = credentials.ca] {
            auto asking = shown();
            asking.ask_peer = true;
            asking.trust = {ca};
            return asking;
        };
    }

    [[nodiscard]] http::ListenSpec listen_spec(const std::string& name, ChaosHandler& handler,
                                               const ListenAddress& where) const {
        http::ListenSpec spec;
        spec.name = name;
        spec.address = where.address;
        spec.port = where.port;
        spec.tls = options.tls;
        spec.body_limit = 48U << 20;  // Vault's own limit of 32 MiB has an answer of its own
        spec.party = party();
        spec.reception = [&handler](const http::Peer& peer) { return handler.receive(peer); };
        return spec;
    }

    /// What a server shows where chaos wants something wrong shown; made when first asked for.
    [[nodiscard]] crypto::TlsIdentity wrong_identity(CertificateFault fault) {
        const auto& right = credentials.identity;
        auto& wrong = wrong_identities[fault];
        if (!wrong) {
            crypto::CertificateSpec spec;
            spec.subject = right.leaf.subject();
            spec.alt_names = right.leaf.alt_names();
            spec.key_usage = right.leaf.key_usage();
            spec.extended_key_usage = {std::string(crypto::eku_server_auth)};
            spec.not_before = right.leaf.not_before() - std::chrono::hours(24);
            spec.not_after = fault == CertificateFault::expired
                                 ? right.leaf.not_before() - std::chrono::hours(1)
                                 : right.leaf.not_after();
            auto issuer = crypto::ServerCredentials{credentials.ca, credentials.ca_key, {}};
            if (fault == CertificateFault::wrong_chain) {
                issuer = crypto::make_server_credentials(
                    "somebody else's", spec.not_before,
                    right.leaf.not_after() - right.leaf.not_before());
            }
            const auto owner = fault == CertificateFault::other_key
                                   ? crypto::Key::generate(crypto::KeyType::p256).public_key()
                                   : right.key.public_key();
            wrong = crypto::TlsIdentity{
                crypto::sign_certificate(spec, owner, issuer.ca_key, &issuer.ca),
                {},
                fault == CertificateFault::other_key ? right.key.claiming(owner) : right.key};
        }
        return *wrong;
    }

    /// In sim, hosts are names: the servers' and those of the links before them.
    [[nodiscard]] std::vector<std::string> host_names() const {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < std::max(options.vaults, options.clusters); ++i) {
            for (const auto* base : {"vault", "kube"}) {
                names.push_back(fmt::format("{}-{}", base, i));
                names.push_back(fmt::format("{}-{}-link", base, i));
            }
        }
        for (std::size_t i = 0; i < options.vaults; ++i) {
            for (std::size_t node = 1; node < options.vault_nodes; ++node) {
                names.push_back(standby_name(i, node));
            }
        }
        if (options.spare_vaults) {
            for (std::size_t i = 0; i < spare_nodes; ++i) {
                names.push_back(fmt::format("node-{}", i));
            }
            names.emplace_back("new-0");
        }
        for (const auto& where : {options.vault_listen, options.kube_listen}) {
            if (where.address != ListenAddress{}.address) {
                names.push_back(where.address);
            }
        }
        const auto extra = extra_names();
        names.insert(names.end(), extra.begin(), extra.end());
        return names;
    }

    /// New credentials, or all that load() takes over.
    [[nodiscard]] Result<void> prepare(Time now) {
        if (!options.state.is_null()) {
            return load_state([this] { load(); });
        }
        set_date();
        credentials = crypto::make_server_credentials("meshproof fake servers", now,
                                                      options.certificate_life, host_names());
        return {};
    }

    [[nodiscard]] ChaosHandlerOptions handler_options(const std::string& name) {
        ChaosHandlerOptions handler;
        handler.server = name;
        handler.identity = [this](CertificateFault fault) { return wrong_identity(fault); };
        handler.on_served = options.on_served;
        return handler;
    }

    /// The server as its options have it, with all that stands before its rules but the port.
    template <class Rules, class Options>
    [[nodiscard]] Result<void> build(Server<Rules, Options>& server, ChaosHandlerOptions with) {
        server.clock = std::make_unique<ServerClock>(clock, chaos, server.options.name);
        server.handler =
            std::make_unique<ChaosHandler>(std::move(with), chaos, clock, *server.clock);
        server.keeping = std::make_unique<KeepingHandler>(*server.handler, options.before_answer);
        return begin(server);
    }

    /// The part of a token that nobody may guess.
    [[nodiscard]] std::string credential(const Prng& prng, const std::string& owner) const {
        auto chance = options.credentials_by_chance ? Prng(secret_seed()) : prng.fork(owner);
        return chance.token(24);
    }

    /// Where the server of this index listens.
    [[nodiscard]] static ListenAddress address_of(const ListenAddress& first, std::size_t index) {
        auto where = first;
        if (where.port != 0) {
            where.port = static_cast<std::uint16_t>(where.port + index);
        }
        return where;
    }

    /// What clients are told of a served port.
    [[nodiscard]] http::Url told(const http::Listener& listener) const {
        auto url = listener.url();
        if (!options.advertise.empty()) {
            url.host = options.advertise;
        }
        return url;
    }

    /// What answers on a server's port: with one coroutine fewer where nothing is waited for.
    template <class Rules, class Options>
    [[nodiscard]] http::Handler& answers_of(Server<Rules, Options>& server) const {
        if (options.before_answer) {
            return *server.keeping;
        }
        return *server.handler;
    }

    [[nodiscard]] FakeKubeOptions kube_options(const std::string& name, const Prng& prng) const {
        FakeKubeOptions kube;
        kube.name = name;
        kube.seed = prng.fork(name).seed();
        kube.admin_token = Secret("admin-" + credential(prng, name + " admin"));
        kube.ca_pem = credentials.ca.pem();
        kube.es256 = options.es256;
        kube.worker = worker.get();
        return kube;
    }

    [[nodiscard]] static Task<Result<void>> start_kube(State& state, std::size_t index, Prng prng) {
        const auto& wanted = state.options;
        auto served = std::make_unique<Kube>();
        const auto name = fmt::format("kube-{}", index);
        served->options = state.kube_options(name, prng);
        if (!wanted.state.is_null()) {
            served->saved = &wanted.state.at("clusters").at(index);
        }
        if (const auto built = state.build(*served, state.handler_options(name)); !built) {
            co_return propagate(built);
        }
        auto spec =
            state.listen_spec(name, *served->handler, address_of(wanted.kube_listen, index));
        spec.party = state.kube_party();
        auto listener = co_await state.transport.listen(std::move(spec), state.answers_of(*served));
        if (!listener) {
            co_return propagate(listener, "fake API server");
        }
        served->listener = std::move(*listener);
        state.kubes.push_back(std::move(served));
        co_return Result<void>();
    }

    [[nodiscard]] vault::FakeVaultOptions vault_options(const std::string& name,
                                                        vault::Product product,
                                                        const Prng& prng) const {
        vault::FakeVaultOptions vault;
        vault.name = name;
        vault.product = product;
        vault.seed = prng.fork(name).seed();
        vault.root_token = options.root_token;
        if (vault.root_token.empty()) {
            vault.root_token = Secret((product == vault::Product::openbao ? "s." : "hvs.") +
                                      credential(prng, name + " root"));
        }
        vault.saboteurs = options.saboteurs;
        vault.worker = worker.get();
        return vault;
    }

    [[nodiscard]] static Task<Result<void>> start_vault(State& state, std::size_t index,
                                                        Prng prng) {
        const auto& wanted = state.options;
        auto served = std::make_unique<Vault>();
        const auto name = fmt::format("vault-{}", index);
        served->options = state.vault_options(
            name, wanted.one_product || index % 2 == 0 ? wanted.product : other(wanted.product),
            prng);
        if (wanted.vault_nodes > 1) {
            served->options.storage = "raft";
        }
        served->options.sign_service_time = wanted.sign_service_time;
        served->options.sign_concurrency = wanted.sign_concurrency;
        served->options.service_times = wanted.service_times;
        if (!wanted.state.is_null()) {
            served->saved = &wanted.state.at("vaults").at(index);
        }
        auto handler = state.handler_options(name);
        handler.accessor = [server = served.get()](const http::Request& request) {
            return server->rules->accessor_of(request);
        };
        if (const auto built = state.build(*served, std::move(handler)); !built) {
            co_return propagate(built);
        }
        auto spec =
            state.listen_spec(name, *served->handler, address_of(wanted.vault_listen, index));
        auto listener = co_await state.transport.listen(std::move(spec), state.answers_of(*served));
        if (!listener) {
            co_return propagate(listener, "fake Vault");
        }
        served->listener = std::move(*listener);
        state.vaults.push_back(std::move(served));
        co_return co_await start_standbys(state, index);
    }

    [[nodiscard]] static std::string standby_name(std::size_t vault, std::size_t node) {
        return fmt::format("vault-{}-node-{}", vault, node);
    }

    /// The other nodes of a Vault that has several.
    [[nodiscard]] static Task<Result<void>> start_standbys(State& state, std::size_t index) {
        if (state.options.vault_nodes < 2) {
            co_return Result<void>();
        }
        auto& first = *state.vaults.at(index);
        first.rules->set_api_address(state.told(*first.listener).text());
        for (std::size_t node = 1; node < state.options.vault_nodes; ++node) {
            const auto name = standby_name(index, node);
            auto served = co_await serve_spare(
                state, name, std::make_unique<vault::FakeVault>(*first.rules, name, ""));
            if (!served) {
                co_return propagate(served);
            }
            state.standbys.push_back(std::move(*served));
        }
        co_return Result<void>();
    }

    /// A Vault that only checks know: no chaos reaches it.
    struct Spare {
        std::unique_ptr<vault::FakeVault> rules;
        std::unique_ptr<http::Listener> listener;
    };

    /// Serves it under its name, and tells it its address.
    [[nodiscard]] static Task<Result<Spare>> serve_spare(State& state, std::string name,
                                                         std::unique_ptr<vault::FakeVault> rules) {
        http::ListenSpec spec;
        spec.name = std::move(name);
        spec.tls = state.options.tls;
        spec.party = state.party();
        auto listener = co_await state.transport.listen(std::move(spec), *rules);
        if (!listener) {
            co_return propagate(listener, "fake Vault");
        }
        rules->set_api_address((*listener)->url().text());
        co_return Spare{std::move(rules), std::move(*listener)};
    }

    [[nodiscard]] vault::FakeVaultOptions spare_options(const std::string& name,
                                                        const Prng& prng) const {
        auto vault = vault_options(name, options.product, prng);
        vault.storage = "raft";
        return vault;
    }

    [[nodiscard]] static Task<Result<void>> start_spares(State& state, Prng prng) {
        for (std::size_t i = 0; i < spare_nodes; ++i) {
            const auto name = fmt::format("node-{}", i);
            auto rules =
                i == 0 ? std::make_unique<vault::FakeVault>(state.spare_options(name, prng),
                                                            state.clock, state.transport)
                       : std::make_unique<vault::FakeVault>(*state.nodes.front().rules, name, "");
            auto served = co_await serve_spare(state, name, std::move(rules));
            if (!served) {
                co_return propagate(served);
            }
            state.nodes.push_back(std::move(*served));
        }
        auto fresh = state.spare_options("new-0", prng);
        fresh.initialised = false;
        auto served = co_await serve_spare(
            state, fresh.name,
            std::make_unique<vault::FakeVault>(fresh, state.clock, state.transport));
        if (!served) {
            co_return propagate(served);
        }
        state.uninitialised.push_back(std::move(*served));
        co_return Result<void>();
    }

    /// Where a Vault of ours is, and how one gets in.
    [[nodiscard]] run::VaultTarget target_of(const vault::FakeVault& rules,
                                             const http::Listener& listener) const {
        run::VaultTarget vault;
        vault.config.endpoint.url = told(listener);
        vault.config.endpoint.tls.trust = {credentials.ca};
        vault.config.token = rules.root_token();
        vault.product = rules.options().product;
        vault.unseal_keys = rules.unseal_keys();
        vault.allow_seal = true;
        return vault;
    }

    static constexpr std::size_t spare_nodes = 3;
    static constexpr Duration furthest = std::chrono::hours(24 * 36525);  ///< of our date

    FakeServersOptions options;
    http::Transport& transport;
    MovedClock clock;
    Chaos chaos;
    std::unique_ptr<Worker> worker;  ///< null where everything is read in its turn
    crypto::ServerCredentials credentials;
    std::map<CertificateFault, std::optional<crypto::TlsIdentity>> wrong_identities;
    std::vector<std::unique_ptr<Vault>> vaults;
    std::vector<std::unique_ptr<Kube>> kubes;
    std::vector<Spare> standbys;  ///< of Vaults of several nodes
    std::vector<Spare> nodes, uninitialised;
};

FakeServers::FakeServers(std::unique_ptr<State> state) : state_(std::move(state)) {}
FakeServers::~FakeServers() = default;

Task<Result<std::unique_ptr<FakeServers>>> FakeServers::start(FakeServersOptions options,
                                                              Clock& clock,
                                                              http::Transport& transport) {
    auto state = std::make_unique<State>(std::move(options), clock, transport);
    const auto& wanted = state->options;
    const Prng prng = Prng(wanted.seed).fork("fake servers");
    if (const auto prepared = state->prepare(clock.now()); !prepared) {
        co_return propagate(prepared);
    }
    for (std::size_t i = 0; i < wanted.clusters; ++i) {
        if (const auto started = co_await State::start_kube(*state, i, prng); !started) {
            co_return propagate(started);
        }
    }
    for (std::size_t i = 0; i < wanted.vaults; ++i) {
        if (const auto started = co_await State::start_vault(*state, i, prng); !started) {
            co_return propagate(started);
        }
    }
    if (wanted.spare_vaults) {
        if (const auto started = co_await State::start_spares(*state, prng); !started) {
            co_return propagate(started);
        }
    }
    co_return std::unique_ptr<FakeServers>(new FakeServers(std::move(state)));
}

void FakeServers::complete(run::Target& target) const {
    const auto& s = *state_;
    if (!s.vaults.empty()) {
        target.vaults.clear();
    }
    for (const auto& served : s.vaults) {
        target.vaults.push_back(s.target_of(*served->rules, *served->listener));
    }
    for (const auto& spare : s.nodes) {
        target.nodes.push_back(s.target_of(*spare.rules, *spare.listener));
    }
    for (const auto& spare : s.uninitialised) {
        target.uninitialised.push_back(s.target_of(*spare.rules, *spare.listener));
    }
    if (!s.kubes.empty()) {
        target.clusters.clear();
    }
    for (const auto& served : s.kubes) {
        kube::Access access;
        access.context = access.cluster = served->rules->options().name;
        access.user = "admin";
        access.endpoint.url = s.told(*served->listener);
        access.endpoint.tls.trust = {s.credentials.ca};
        access.ca_pem = s.credentials.ca.pem();
        access.token = served->rules->options().admin_token;
        target.clusters.push_back(std::move(access));
    }
}

std::size_t FakeServers::vaults() const {
    return state_->vaults.size();
}
std::size_t FakeServers::clusters() const {
    return state_->kubes.size();
}
vault::FakeVault& FakeServers::vault(std::size_t index) {
    return *state_->vaults.at(index)->rules;
}
FakeKube& FakeServers::kube(std::size_t index) {
    return *state_->kubes.at(index)->rules;
}
http::Listener& FakeServers::vault_listener(std::size_t index) {
    return *state_->vaults.at(index)->listener;
}
http::Listener& FakeServers::kube_listener(std::size_t index) {
    return *state_->kubes.at(index)->listener;
}
http::Url FakeServers::vault_url(std::size_t index) const {
    return state_->told(*state_->vaults.at(index)->listener);
}
http::Url FakeServers::kube_url(std::size_t index) const {
    return state_->told(*state_->kubes.at(index)->listener);
}
const crypto::Certificate& FakeServers::ca() const {
    return state_->credentials.ca;
}
crypto::TlsIdentity FakeServers::client_identity(crypto::Subject subject) const {
    const auto& credentials = state_->credentials;
    crypto::CertificateSpec spec;
    spec.subject = std::move(subject);
    spec.not_before = credentials.identity.leaf.not_before();
    spec.not_after = credentials.identity.leaf.not_after();
    spec.key_usage = crypto::KeyUsage::digital_signature;
    spec.extended_key_usage = {std::string(crypto::eku_client_auth)};
    auto key = crypto::Key::generate(crypto::KeyType::p256);
    auto leaf =
        crypto::sign_certificate(spec, key.public_key(), credentials.ca_key, &credentials.ca);
    return {std::move(leaf), {}, std::move(key)};
}
MovedClock& FakeServers::clock() {
    return state_->clock;
}
Chaos& FakeServers::chaos() {
    return state_->chaos;
}

nlohmann::json FakeServers::save() const {
    const auto& s = *state_;
    MESHPROOF_ASSERT(s.nodes.empty(), "spare Vaults are not saved");
    MESHPROOF_ASSERT(s.standbys.empty(), "Vaults of several nodes are not saved");
    auto vaults = nlohmann::json::array(), clusters = nlohmann::json::array();
    for (const auto& served : s.vaults) {
        vaults.push_back(served->rules->save());
    }
    for (const auto& served : s.kubes) {
        clusters.push_back(served->rules->save());
    }
    const auto& tls = s.credentials;
    const auto frozen = s.clock.frozen() ? std::optional(s.clock.now()) : std::nullopt;
    return {{"tls",
             {{"ca", tls.ca},
              {"ca_key", tls.ca_key},
              {"certificate", tls.identity.leaf},
              {"key", tls.identity.key}}},
            {"date", {{"frozen", frozen}, {"offset", frozen ? Duration() : s.clock.offset()}}},
            {"vaults", std::move(vaults)},
            {"clusters", std::move(clusters)}};
}

void FakeServers::reset() {
    auto& s = *state_;
    MESHPROOF_ASSERT(s.standbys.empty(), "Vaults of several nodes do not begin anew");
    s.set_date();
    for (const auto& served : s.vaults) {
        require(s.begin(*served));  // it could begin so before
        served->listener->drop_connections();
    }
    for (const auto& served : s.kubes) {
        require(s.begin(*served));  // it could begin so before
        served->listener->drop_connections();
    }
}

}  // namespace meshproof::fakes
