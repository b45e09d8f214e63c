#include "perf/load/existing.hpp"

#include <algorithm>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/run/needed.hpp"
#include "core/spiffe/identity.hpp"
#include "perf/load/arrivals.hpp"

namespace meshproof::load {
namespace {

[[noreturn]] void refuse(std::string message, std::string hint) {
    throw CannotGoOn({FailureKind::invalid, std::move(message), 0, {}}, std::move(hint));
}

std::string account_text(const run::Account& account) {
    return account.cluster
               ? fmt::format("{}/{}", account.cluster->namespace_name, account.cluster->name)
               : std::string("the account of jwt_file");
}

Task<std::vector<Secret>> account_tokens(const run::Account& account, http::Transport& wire,
                                         Clock& clock, Duration lasting, std::size_t count) {
    std::vector<Secret> tokens;
    if (!account.cluster) {
        if (account.jwt_expires && *account.jwt_expires < clock.now() + lasting) {
            refuse(fmt::format("the token of jwt_file has {} left, and the load needs {}",
                               human_duration(
                                   std::max(*account.jwt_expires - clock.now(), Duration::zero())),
                               human_duration(lasting)),
                   "take a younger one, or name the cluster in the account file: tokens are asked "
                   "for there");
        }
        tokens.push_back(account.jwt);
        co_return tokens;
    }
    auto access = account.cluster->access;
    access.endpoint.caller = "load";
    const kube::Client kube(wire, std::move(access));
    for (std::size_t i = 0; i < count; ++i) {
        kube::TokenRequest request;
        request.expiration = lasting + std::chrono::minutes(10);
        if (!account.audience.empty()) {
            request.audiences = {account.audience};
        }
        auto issued = run::needed(
            co_await kube.request_token(account.cluster->namespace_name, account.cluster->name,
                                        std::move(request)),
            "request a token of service account " + account_text(account),
            "the user of the account file needs create on serviceaccounts/token of this account");
        tokens.push_back(std::move(issued.token));
    }
    co_return tokens;
}

/// A role without the default policy may not even revoke its own token, which then expires.
Task<Result<void>> revoke(vault::Client holder) {
    auto revoked = co_await holder.revoke_self();
    if (!revoked && revoked.error().kind == FailureKind::denied) {
        log::detail("the token of the trial login may not revoke itself, and expires");
        co_return Result<void>();
    }
    co_return revoked;
}

/// One login as an agent makes it. Its token serves where nobody logs in by himself.
Task<void> try_login(run::Ledger& ledger, const run::Account& account, vault::Client vault,
                     Ground& ground) {
    auto login = run::needed(
        co_await vault.login_kubernetes(account.auth_mount, account.auth_role,
                                        ground.account_tokens.front()),
        fmt::format("log in at auth/{} as role {}", account.auth_mount, account.auth_role),
        fmt::format("the role has to take {}; check auth, cluster and audience in the account file",
                    account_text(account)));
    if (login.type != "batch") {
        ledger.at_end("the token of the trial login",
                      [holder = vault.with_token(login.token)] { return revoke(holder); });
    }
    ground.token = std::move(login.token);
    ground.token_mode = login.type == "batch" ? TokenMode::batch : TokenMode::service;
    ground.token_ttl = login.lease;
}

/// One signature: how the role dates a leaf, and whether it gives the life that is asked for.
Task<void> try_signature(const run::Account& account, vault::Client vault, Options options,
                         Ground& ground) {
    const auto domain = spiffe::TrustDomain::parse(account.trust_domain);
    if (!domain) {
        refuse("trust_domain of the account file: " + domain.error().message,
               "name the mesh's own, such as cluster.local");
    }
    const auto id = spiffe::SpiffeId::workload(*domain, "load", "trial").text();
    const auto key = crypto::Key::generate(options.key_type);
    crypto::Csr::Spec spec;
    spec.alt_names.uris.push_back(id);
    vault::SignRequest request;
    request.csr_pem = crypto::Csr::make(spec, key).pem();
    request.ttl = options.leaf_ttl;
    const auto issued = run::needed(
        co_await vault.with_token(ground.token).sign_at(account.sign_path, std::move(request)),
        fmt::format("sign {} at {}", id, account.sign_path),
        "the role has to allow this SPIFFE id (allowed_uri_sans) and key, and the auth role's "
        "policies the path");
    constexpr Duration slack = std::chrono::seconds(1);
    const auto life = issued.leaf.not_after() - issued.leaf.not_before();
    if (life + slack < options.leaf_ttl) {
        refuse(fmt::format("{} gives a leaf {} where {} are asked for", account.sign_path,
                           human_duration(life), human_duration(options.leaf_ttl)),
               "set ttl in the account file to what the mesh asks for, or --leaf-ttl");
    }
    ground.backdated = std::max(life - options.leaf_ttl, Duration::zero());
}

}  // namespace

Task<run::Survey> survey_account(std::string setting, const run::Account& account,
                                 http::Transport& wire) {
    auto config = account.vault;
    config.endpoint.caller = "load";
    run::SurveyedVault vault;
    vault.where = config.endpoint.url.origin();
    const auto status =
        run::needed(co_await vault::Client(wire, config).seal_status(), "Vault " + vault.where,
                    "check vault.address and vault.ca_file in the account file");
    if (!status.initialized || status.sealed) {
        throw CannotGoOn({FailureKind::sealed,
                          fmt::format("Vault {} is {}", vault.where,
                                      status.initialized ? "sealed" : "not initialised"),
                          503,
                          {}});
    }
    vault.product = status.product;
    vault.version = status.version;
    vault.storage = status.storage_type;
    vault.target.config = std::move(config);
    run::Survey found;
    found.setting = std::move(setting);
    found.servers = {{"vault", std::string(to_string(vault.product)), vault.version, vault.where}};
    found.vaults.push_back(std::move(vault));
    co_return found;
}

Footprint footprint_of(const Options& options, std::size_t transactions,
                       const run::Account& account) {
    Footprint print;
    print.transactions = transactions;
    if (options.profile == Profile::health) {
        return print;
    }
    // One of each is the trial's.
    print.certificates = (options.signs() ? transactions : 0) + 1;
    print.stored_tokens = (options.logs_in() ? transactions : 0) + 1;
    print.clients = 1;
    print.notes = {fmt::format("account {}: {} logs in at auth/{} as role {}, signs at {}",
                               account.name, account_text(account), account.auth_mount,
                               account.auth_role, account.sign_path),
                   account.cluster
                       ? "makes nothing in Vault, and asks the cluster for nothing but tokens"
                       : "makes nothing in Vault, and asks no cluster",
                   fmt::format("up to {} signed; whether they are stored or leased is up to the "
                               "role, and what is stored stays",
                               counted(print.certificates, "certificate"))};
    return print;
}

Task<Ground> existing_ground(run::Ledger& ledger, const run::Account& account,
                             http::Transport& wire, Clock& clock, Options options,
                             std::size_t transactions) {
    Ground ground;
    ground.vault = account.vault;
    ground.vault.endpoint.timeout = options.timeout;
    ground.vault.endpoint.caller = "load";
    for (const auto& url : options.addresses) {
        ground.addresses.push_back(ground.vault.endpoint);
        ground.addresses.back().url = url;
    }
    if (options.profile == Profile::health) {
        co_return ground;
    }
    ground.page.auth_mount = account.auth_mount;
    ground.page.auth_role = account.auth_role;
    ground.page.service_account = account.cluster ? account.cluster->name : std::string();
    ground.page.trust_domain = account.trust_domain;
    constexpr std::string_view sign = "/sign/";
    const auto at = account.sign_path.find(sign);
    ground.page.intermediate_mount = account.sign_path.substr(0, at);
    ground.page.pki_role = account.sign_path.substr(at + sign.size());
    ground.trust = account.trust;
    ground.chain_in_answer = true;
    const auto lasting = options.timeout + (options.find_max ? Duration(std::chrono::hours(1))
                                                             : Arrivals(options, 1).end());
    ground.account_tokens = co_await account_tokens(account, wire, clock, lasting,
                                                    tokens_needed(options, transactions));
    const vault::Client vault(wire, ground.vault);
    co_await try_login(ledger, account, vault, ground);
    co_await try_signature(account, vault, options, ground);
    co_return ground;
}

std::vector<std::string> existing_lines(const Options& options, const Ground& ground,
                                        std::size_t transactions) {
    if (options.profile == Profile::health) {
        return {};
    }
    if (!options.logs_in() || options.token == TokenMode::in_header) {
        return {"no token is left: nobody logs in, or only inside the sign request"};
    }
    if (ground.token_mode == TokenMode::batch) {
        return {"a login gives a batch token: none is stored"};
    }
    return {
        fmt::format("up to {} in the Vault after the load: each expires by "
                    "itself, {} after its login",
                    counted(transactions, "service token stays", "service tokens stay"),
                    human_duration(ground.token_ttl))};
}

}  // namespace meshproof::load
