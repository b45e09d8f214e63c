#include "perf/load/preparation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "core/base/text.hpp"
#include "core/run/sweep.hpp"

namespace meshproof::load {
namespace {

constexpr std::string_view account_base = "load";

/// Logins take turns at these: each is a request to the API server before the load begins.
constexpr std::size_t most_account_tokens = 256;

/// The recipe itself adds the cluster's number to the name of its first account.
std::string_view base_of(std::size_t cluster) {
    return cluster == 0 ? account_base : "load-cluster";
}

std::string account_name(const run::RunMark& mark, std::size_t cluster, std::size_t number) {
    auto name = std::string(base_of(cluster));
    name += cluster == 0 ? "" : fmt::format("-{}", cluster + 1);
    return mark.name(number == 0 ? name : fmt::format("{}-{}", name, number + 1));
}

/// How long what is made ahead has to last.
Duration outlasting(const Options& options) {
    return options.warmup + options.duration + std::chrono::hours(1);
}

run::Recipe recipe_for(const Options& options, const run::RunMark& mark, std::size_t cluster) {
    run::Recipe recipe;
    recipe.service_account = base_of(cluster);
    recipe.role_name = "load";
    recipe.ca_key_type = options.ca_key_type;
    recipe.signing_role = {{"no_store", options.storage == Storage::no_store},
                           {"generate_lease", options.storage == Storage::leased}};
    recipe.token_type = options.token == TokenMode::batch ? "batch" : "service";
    recipe.token_ttl = outlasting(options);
    for (std::size_t i = 1; i < options.accounts; ++i) {
        recipe.further_accounts.push_back(account_name(mark, cluster, i));
    }
    return recipe;
}

Task<void> make_accounts(run::Ledger& ledger, Site site, std::size_t cluster, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        kube::ObjectMeta meta;
        meta.namespace_name = site.mesh_namespace;
        meta.name = account_name(ledger.mark(), cluster, i);
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
        const auto cluster = i % options.clusters;
        const auto number = i / options.clusters % options.accounts;
        auto issued = require(co_await site.kube.request_token(
                                  site.mesh_namespace, account_name(ledger.mark(), cluster, number),
                                  std::move(request)),
                              "request a service account token");
        tokens.push_back(std::move(issued.token));
    }
    co_return tokens;
}

}  // namespace

bool needs_token_ahead(const Options& options) {
    const bool signs_alone = options.operation() == Operation::sign ||
                             std::ranges::any_of(options.mix, [](const Weight& one) {
                                 return one.operation == Operation::sign;
                             });
    return options.token == TokenMode::one || signs_alone;
}

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
    print.clients = options.accounts * options.clusters;
    print.made = {"secrets engine " + mark.name("pki"), "secrets engine " + mark.name("pki-int"),
                  "policy " + mark.name("policy"),
                  options.clusters == 1 ? "auth method " + mark.name("auth")
                                        : fmt::format("{} auth methods {} and so on",
                                                      options.clusters, mark.name("auth")),
                  fmt::format("{} and as many cluster role bindings in the cluster",
                              counted(print.clients, "service account"))};
    return print;
}

bool billed(const run::Survey& found) {
    return !found.vaults.empty() && found.vaults.front().version.find("+ent") != std::string::npos;
}

std::string over_the_bill(const Options& options, const Footprint& print,
                          const run::Survey& found) {
    if (!billed(found)) {
        return {};
    }
    std::vector<std::string> over;
    if (print.certificates > options.billed_certificates) {
        over.push_back(fmt::format("up to {}, where at most {} are allowed (--billed-certificates)",
                                   counted(print.certificates, "certificate"),
                                   options.billed_certificates));
    }
    if (print.clients > options.billed_clients) {
        over.push_back(fmt::format("up to {}, where at most {} are allowed (--billed-clients)",
                                   counted(print.clients, "client"), options.billed_clients));
    }
    return over.empty() ? std::string()
                        : fmt::format("Vault Enterprise {} would bill {}",
                                      found.vaults.front().version, join(over, ", and "));
}

namespace {

/// The first two numbers of "2.7.2", "2.4.0-beta20250901"; a part that is none is 0.
std::array<int, 2> major_and_minor(std::string_view version) {
    const auto parts = split(version, '.');
    std::array<int, 2> numbers{};
    for (std::size_t i = 0; i < numbers.size() && i < parts.size(); ++i) {
        std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), numbers[i]);
    }
    return numbers;
}

}  // namespace

std::string no_inline_logins(const run::Survey& found) {
    constexpr std::array first_with_them = {2, 4};
    if (found.vaults.empty()) {
        return {};
    }
    const auto& vault = found.vaults.front();
    return vault.product == run::Product::openbao &&
                   major_and_minor(vault.version) >= first_with_them
               ? std::string()
               : fmt::format(
                     "{} {} at {} takes no logins inside requests: OpenBao 2.4 and later "
                     "do",
                     to_string(vault.product), vault.version, vault.where);
}

namespace {

std::vector<http::Endpoint> addresses_of(const run::Survey& found, const vault::Config& vault,
                                         const Options& options) {
    std::vector<http::Endpoint> addresses;
    if (options.all_nodes) {
        for (const auto& node : found.target.nodes) {
            addresses.push_back(node.config.endpoint);
        }
    }
    for (const auto& url : options.addresses) {
        addresses.push_back(vault.endpoint);
        addresses.back().url = url;
    }
    return addresses;
}

}  // namespace

Site site_of(const run::Survey& found, http::Transport& wire, const Options& options) {
    for (const auto feature : {run::Feature::vault, run::Feature::kubernetes}) {
        if (!found.has(feature)) {
            throw CannotGoOn(
                {FailureKind::unsupported,
                 fmt::format("the target cannot carry a load: {}", run::missing_reason(feature)),
                 0,
                 {}});
        }
    }
    if (options.all_nodes && found.target.nodes.empty()) {
        throw CannotGoOn(
            {FailureKind::unsupported, "--all-nodes: the target names no nodes", 0, {}},
            "list all nodes of one Vault under nodes in the target file");
    }
    const auto& access = found.clusters.front().access;
    const auto& vault =
        options.all_nodes ? found.target.nodes.front().config : found.vaults.front().target.config;
    return {vault::Client(wire, vault),  kube::Client(wire, access),
            access.endpoint.url.text(),  access.ca_pem,
            found.target.mesh_namespace, addresses_of(found, vault, options)};
}

namespace {

/// The first cluster's page, and an auth mount on the same PKI for each other.
Task<void> make_clusters(run::Ledger& ledger, Site site, Options options, Ground& ground) {
    const run::RecipePlace place{site.vault,          site.kube,           site.review_url,
                                 site.cluster_ca_pem, site.mesh_namespace, options.leaf_ttl};
    for (std::size_t cluster = 0; cluster < options.clusters; ++cluster) {
        co_await make_accounts(ledger, site, cluster, options.accounts);
        auto recipe = recipe_for(options, ledger.mark(), cluster);
        recipe.shared_pki = cluster == 0 ? nullptr : &ground.page;
        auto page =
            co_await run::prepare(ledger, place, std::move(recipe), static_cast<int>(cluster) + 1);
        if (cluster == 0) {
            ground.page = std::move(page);
        } else {
            ground.further_auth_mounts.push_back(std::move(page.auth_mount));
        }
    }
}

}  // namespace

std::size_t tokens_needed(const Options& options, std::size_t transactions) {
    const auto accounts = options.accounts * options.clusters;
    const auto wanted = std::clamp(options.logs_in() ? transactions : 0, accounts,
                                   std::max(accounts, most_account_tokens));
    return (wanted + options.clusters - 1) / options.clusters * options.clusters;
}

Task<Ground> prepare_ground(run::Ledger& ledger, Site site, Options options,
                            std::size_t transactions) {
    Ground ground;
    ground.vault = site.vault.config();
    ground.vault.token = Secret();
    ground.vault.endpoint.timeout = options.timeout;
    ground.addresses = site.addresses;
    if (options.profile == Profile::health) {
        co_return ground;
    }
    co_await make_clusters(ledger, site, options, ground);
    ground.trust = require(crypto::Certificate::all_from_pem(ground.page.ca_chain_pem));
    ground.account_tokens =
        co_await request_tokens(ledger, site, options, tokens_needed(options, transactions));
    if (needs_token_ahead(options)) {
        auto login = require(
            co_await site.vault.login_kubernetes(ground.page.auth_mount, ground.page.auth_role,
                                                 ground.account_tokens.front()),
            "log in ahead of the load");
        ground.token = std::move(login.token);
    }
    co_return ground;
}

Task<void> wait_for_logins(Clock& clock, http::Transport& wire, Ground ground) {
    constexpr auto patience = std::chrono::seconds(60);
    const auto end = clock.elapsed() + patience;
    for (const auto& address : ground.addresses) {
        auto config = ground.vault;
        config.endpoint = address;
        const vault::Client there(wire, config);
        while (true) {
            const auto login = co_await there.login_kubernetes(
                ground.page.auth_mount, ground.page.auth_role, ground.account_tokens.front());
            if (login) {
                break;
            }
            if (clock.elapsed() > end) {
                throw CannotGoOn(login.error());
            }
            co_await clock.sleep_for(std::chrono::milliseconds(500));
        }
    }
}

Task<std::vector<std::string>> clear_ground(run::Ledger& ledger, Site site) {
    // A mount with tens of thousands of tokens or leases takes a server longer than an answer may
    // take: it goes on meanwhile, and is asked again.
    constexpr int rounds = 3;
    const run::SweepOptions own{ledger.mark().run_id(), false};
    const auto undone = co_await ledger.undo_all();
    std::vector<std::string> problems;
    for (int i = 0; i < rounds; ++i) {
        auto swept = co_await run::sweep_vault(site.vault, own);
        auto in_cluster = co_await run::sweep_cluster(site.kube, {site.mesh_namespace}, own);
        std::ranges::move(in_cluster.problems, std::back_inserter(swept.problems));
        if (swept.problems.empty()) {
            co_return std::vector<std::string>();  // whatever an undo met, it is gone now
        }
        problems = undone;
        bool blind = false;
        for (const auto& problem : swept.problems) {
            problems.push_back(problem.text());
            blind = blind || !problem.object;
        }
        if (blind) {
            break;  // nobody answers there
        }
    }
    co_return problems;
}

}  // namespace meshproof::load
