#include "conformance/preflight/tests/site.hpp"

#include <algorithm>

#include "fakes/world/environments.hpp"

namespace meshproof::preflight {
namespace {

std::unique_ptr<run::Environment> fakes_of(vault::Product product) {
    fakes::SimOptions options;
    options.servers.vaults = options.servers.clusters = 1;
    options.servers.product = product;
    return fakes::make_sim(std::move(options));
}

}  // namespace

Site::Site(vault::Product product)
    : environment(fakes_of(product)), world(*environment, 1, "r1r1r1") {}

Task<void> Site::set_up() {
    co_await world.start();
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    const auto& ns = world.target().mesh_namespace;
    require(co_await world.kube().admin.create_service_account({.name = prepared.service_account,
                                                                .namespace_name = ns,
                                                                .uid = {},
                                                                .resource_version = {},
                                                                .labels = {},
                                                                .annotations = {}}));
    account.name = "test";
    account.path = "account.yaml";
    account.bundle_path = "bundle.pem";
    account.vault = world.vault().admin.config();
    account.reader = account.vault.token;
    account.vault.token = Secret();
    account.auth_mount = prepared.auth_mount;
    account.auth_role = prepared.auth_role;
    account.sign_path = prepared.pki_path();
    account.trust = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem));
    account.trust_domain = prepared.trust_domain;
    account.ttl = world.leaf_ttl();
    account.cluster = {world.kube().admin.access(), ns, prepared.service_account};
    shell.emplace(world.vault().admin, world.kube().admin);
    (void)co_await look({.read_only = true});  // for the values
    values["root"] = prepared.root_mount;
    values["policy"] = prepared.policy;
    values["delegator"] = world.mark().name("delegator");
}

Task<void> Site::type(std::string command) {
    auto with_tool = values;
    with_tool["tool"] = "bao";
    const auto filled = fill_in(command, with_tool, /*for_shell=*/true);
    require(co_await shell->run(filled), filled);
}

Task<Report> Site::look(LookOptions options) {
    // What a command wrote to the bundle's file is what the account reads next.
    if (const auto file = shell->files.find(account.bundle_path); file != shell->files.end()) {
        account.trust = require(crypto::Certificate::all_from_pem(file->second));
    }
    for (const auto& [from, to] : shell->replaced) {
        account.auth_mount = account.auth_mount == from ? to : account.auth_mount;
    }
    shell->replaced.clear();
    const auto facts =
        co_await preflight::look(world.clock(), environment->transport(), account, options);
    for (const auto& [name, value] : common_values(facts)) {
        values[name] = value;
    }
    co_return judge(facts);
}

std::vector<std::string> ids(const Report& report) {
    std::vector<std::string> all;
    for (const auto& one : report.found) {
        all.emplace_back(one.rule->id);
    }
    return all;
}

const Finding* find(const Report& report, std::string_view id) {
    const auto found =
        std::ranges::find_if(report.found, [id](const Finding& one) { return one.rule->id == id; });
    return found == report.found.end() ? nullptr : &*found;
}

}  // namespace meshproof::preflight
