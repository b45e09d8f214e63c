#include "perf/load/preparation.hpp"

#include <algorithm>

#include "core/run/sweep.hpp"

namespace meshproof::load {
namespace {

constexpr std::string_view account_base = "load";

/// Logins take turns at these: each is a request to the API server before the load begins.
constexpr std::size_t most_account_tokens = 256;

std::string account_name(const run::RunMark& mark, std::size_t number) {
    return mark.name(number == 0 ? std::string(account_base)
                                 : fmt::format("{}-{}", account_base, number + 1));
}

/// How long what is made ahead has to last.
Duration outlasting(const Options& options) {
    return options.warmup + options.duration + std::chrono::hours(1);
}

run::Recipe recipe_for(const Options& options, const run::RunMark& mark) {
    run::Recipe recipe;
    recipe.service_account = account_base;
    recipe.role_name = "load";
    recipe.signing_role = {{"no_store", options.storage == Storage::no_store},
                           {"generate_lease", options.storage == Storage::leased}};
    recipe.token_type = options.token == TokenMode::batch ? "batch" : "service";
    recipe.token_ttl = outlasting(options);
    for (std::size_t i = 1; i < options.accounts; ++i) {
        recipe.further_accounts.push_back(account_name(mark, i));
    }
    return recipe;
}

Task<void> make_accounts(run::Ledger& ledger, Site site, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        kube::ObjectMeta meta;
        meta.namespace_name = site.mesh_namespace;
        meta.name = account_name(ledger.mark(), i);
        meta.labels = ledger.mark().labels();
        ledger.at_end("service account " + meta.name,
                      [kube = site.kube, ns = meta.namespace_name, name = meta.name] {
                          return kube.delete_service_account(ns, name);
                      });
        require(co_await site.kube.create_service_account(meta), "create a service account");
    }
}

Task<std::vector<Secret>> request_tokens(const run::Ledger& ledger, Site site,
                                         const Options& options, std::size_t count) {
    std::vector<Secret> tokens;
    for (std::size_t i = 0; i < count; ++i) {
        kube::TokenRequest request;
        request.expiration = outlasting(options);
        auto issued =
            require(co_await site.kube.request_token(
                        site.mesh_namespace, account_name(ledger.mark(), i % options.accounts),
                        std::move(request)),
                    "request a service account token");
        tokens.push_back(std::move(issued.token));
    }
    co_return tokens;
}

/// Where nobody of the load has a token of his own.
bool needs_token_ahead(const Options& options) {
    const bool signs_alone = options.operation() == Operation::sign ||
                             std::ranges::any_of(options.mix, [](const Weight& one) {
                                 return one.operation == Operation::sign;
                             });
    return options.token == TokenMode::one || signs_alone;
}

}  // namespace

Footprint footprint_of(const Options& options, std::size_t transactions, const run::RunMark& mark) {
    Footprint print;
    print.transactions = transactions;
    if (options.profile == Profile::health) {
        return print;
    }
    print.certificates = options.signs() ? transactions : 0;
    print.stored_certificates = options.storage == Storage::no_store ? 0 : print.certificates;
    print.leases = options.storage == Storage::leased ? print.certificates : 0;
    print.stored_tokens =
        options.logs_in() && options.token == TokenMode::service ? transactions : 0;
    print.clients = options.accounts;
    print.made = {
        "secrets engine " + mark.name("pki"), "secrets engine " + mark.name("pki-int"),
        "policy " + mark.name("policy"), "auth method " + mark.name("auth"),
        fmt::format("{} service account{} and as many cluster role bindings in the cluster",
                    options.accounts, options.accounts == 1 ? "" : "s")};
    return print;
}

Site site_of(const run::Survey& found, http::Transport& wire) {
    for (const auto feature : {run::Feature::vault, run::Feature::kubernetes}) {
        if (!found.has(feature)) {
            throw CannotGoOn(
                {FailureKind::unsupported,
                 fmt::format("the target cannot carry a load: {}", run::missing_reason(feature)),
                 0,
                 {}});
        }
    }
    const auto& access = found.clusters.front().access;
    return {vault::Client(wire, found.vaults.front().target.config), kube::Client(wire, access),
            access.endpoint.url.text(), access.ca_pem, found.target.mesh_namespace};
}

Task<Ground> prepare_ground(run::Ledger& ledger, Site site, Options options,
                            std::size_t transactions) {
    Ground ground;
    ground.vault = site.vault.config();
    ground.vault.token = Secret();
    ground.vault.endpoint.timeout = options.timeout;
    if (options.profile == Profile::health) {
        co_return ground;
    }
    co_await make_accounts(ledger, site, options.accounts);
    const run::RecipePlace place{site.vault,          site.kube,           site.review_url,
                                 site.cluster_ca_pem, site.mesh_namespace, options.leaf_ttl};
    ground.page = co_await run::prepare(ledger, place, recipe_for(options, ledger.mark()));
    ground.trust = require(crypto::Certificate::all_from_pem(ground.page.ca_chain_pem));
    const auto logins = options.logs_in() ? transactions : 0;
    ground.account_tokens = co_await request_tokens(
        ledger, site, options,
        std::clamp(logins, options.accounts, std::max(options.accounts, most_account_tokens)));
    if (needs_token_ahead(options)) {
        auto login = require(
            co_await site.vault.login_kubernetes(ground.page.auth_mount, ground.page.auth_role,
                                                 ground.account_tokens.front()),
            "log in ahead of the load");
        ground.token = std::move(login.token);
    }
    co_return ground;
}

Task<std::vector<std::string>> clear_ground(run::Ledger& ledger, Site site) {
    auto problems = co_await ledger.undo_all();
    const run::SweepOptions own{ledger.mark().run_id(), false};
    const auto on_vault = co_await run::sweep_vault(site.vault, own);
    const auto in_cluster = co_await run::sweep_cluster(site.kube, {site.mesh_namespace}, own);
    for (const auto* swept : {&on_vault, &in_cluster}) {
        for (const auto& problem : swept->problems) {
            problems.push_back(problem.text());
        }
    }
    co_return problems;
}

}  // namespace meshproof::load
