#include "scenarios/steps.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"
#include "core/mesh/decision.hpp"

namespace meshproof::scenarios {
namespace {

std::string reasons_of(const mesh::Cluster& cluster) {
    std::string reasons;
    for (const auto& pod : cluster.pods()) {
        if (!pod.ready) {
            reasons +=
                fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", pod.workload, pod.reason);
        }
    }
    return reasons;
}

// Of this run's Secrets, the one that holds the key.
Task<std::string> mesh_secret(World& world, std::string key) {
    std::string selector;
    for (const auto& [label, value] : world.labels()) {
        selector += fmt::format("{}{}={}", selector.empty() ? "" : ",", label, value);
    }
    const auto secrets =
        require(co_await world.kube().admin.list_secrets(world.target().mesh_namespace, selector),
                "list the mesh's Secrets");
    for (const auto& secret : secrets) {
        if (secret.data.contains(key)) {
            co_return secret.meta.name;
        }
    }
    throw run::ScenarioEnded(fmt::format("no Secret of the mesh holds {}", key));
}

}  // namespace

Task<void> all_ready(World& world, mesh::Cluster cluster) {
    if (!co_await cluster.wait_ready(world.leaf_ttl())) {
        throw run::ScenarioEnded(fmt::format("pods of {} did not become ready: {}", cluster.name(),
                                             reasons_of(cluster)));
    }
}

Task<void> deploy_ready(World& world, mesh::Cluster cluster, std::vector<std::string> workloads) {
    for (const auto& workload : workloads) {
        require(co_await cluster.deploy({.name = workload, .service_account = workload}),
                "deploy " + workload);
    }
    co_await all_ready(world, cluster);
}

mesh::PodView pod_of(const mesh::Cluster& cluster, std::string_view workload) {
    auto pods = cluster.pods_of(workload);
    if (pods.empty()) {
        throw run::ScenarioEnded(fmt::format("{} has no pod of {}", cluster.name(), workload));
    }
    return std::move(pods.front());
}

crypto::Certificate leaf_of(const mesh::Cluster& cluster, std::string_view workload) {
    const auto pod = pod_of(cluster, workload);
    if (!pod.leaf) {
        throw run::ScenarioEnded(
            fmt::format("the pod of {} has no leaf: {}", workload, pod.reason));
    }
    return *pod.leaf;
}

Task<void> expect_talk(World& world, Place one, Place other, std::string when,
                       mesh::Travel travel) {
    for (const auto& [from, to] : {std::pair(one, other), std::pair(other, one)}) {
        const auto seen =
            co_await world.request(from.cluster, from.workload, to.cluster, to.workload, travel);
        world.expect(seen.ok, "{}: {} could not talk to {}: {}", when, from.workload, to.workload,
                     seen.failure ? seen.failure->message : "no reason given");
    }
}

void require_in_time(World& world, Time moment, std::string_view what) {
    if (world.clock().now() >= moment) {
        throw CannotGoOn(
            {FailureKind::timed_out,
             fmt::format("this machine was too slow: {} came after {}", what, rfc3339(moment)),
             0,
             {}},
            "run it when less runs beside it, or with longer leaves (--leaf-ttl 30s)");
    }
}

Task<void> expect_silence(World& world, Place one, Place other, std::string when,
                          mesh::Travel travel) {
    for (const auto& [from, to] : {std::pair(one, other), std::pair(other, one)}) {
        const auto seen =
            co_await world.request(from.cluster, from.workload, to.cluster, to.workload, travel);
        expect_refusal(world, seen, fmt::format("{}: {} to {}", when, from.workload, to.workload));
    }
}

void expect_refusal(World& world, const mesh::TrafficAttempt& seen, std::string_view what) {
    world.expect(!seen.ok, "{}: they still talked", what);
    world.expect(seen.judged, "{}: no certificate was judged, so nothing was shown: {}", what,
                 seen.failure ? seen.failure->message : "no reason given");
}

Task<bool> await(World& world, std::function<bool()> holds, Duration limit) {
    const auto until = world.clock().elapsed() + limit;
    while (!holds()) {
        if (world.clock().elapsed() >= until) {
            co_return false;
        }
        co_await world.clock().sleep_for(world.leaf_ttl() / 100);
    }
    co_return true;
}

Task<mesh::CaHealth> await_health(World& world, std::string cluster, bool connected) {
    const auto until = world.clock().elapsed() + world.leaf_ttl();
    auto health = co_await world.mesh().check_health(cluster);
    while (health.connected != connected && world.clock().elapsed() < until) {
        co_await world.clock().sleep_for(world.leaf_ttl() / 40);
        health = co_await world.mesh().check_health(cluster);
    }
    co_return health;
}

namespace {

// OpenBao answers first and then removes what lies in it.
Task<Result<void>> remove_namespace(Clock& clock, Duration pause, vault::Client admin,
                                    std::string name) {
    auto removed = co_await admin.call("DELETE", "sys/namespaces/" + name);
    if (!removed) {
        co_return propagate(removed);
    }
    constexpr int patience = 100;
    for (int i = 0; i < patience; ++i) {
        if (!co_await admin.call("GET", "sys/namespaces/" + name)) {
            co_return Result<void>();
        }
        co_await clock.sleep_for(pause);
    }
    co_return fail(FailureKind::timed_out, "namespace {} is still there", name);
}

}  // namespace

Task<std::string> make_namespace(World& world, run::VaultSite& site, std::string base) {
    const auto admin = site.admin;
    const auto name = world.name(base);
    world.at_end("namespace " + name,
                 [&clock = world.clock(), pause = world.leaf_ttl() / 100, admin, name] {
                     return remove_namespace(clock, pause, admin, name);
                 });
    require(co_await admin.call(
                "PUT", "sys/namespaces/" + name,
                vault::Json{{"custom_metadata", {{"meshproof-run", world.mark().run_id()}}}}),
            "make a namespace");
    const auto& parent = admin.config().namespace_name;
    co_return parent.empty() ? name : parent + "/" + name;
}

Task<void> patch_mesh_secret(World& world, std::string key, std::map<std::string, std::string> data,
                             bool immutable) {
    const auto& ns = world.target().mesh_namespace;
    const auto name = co_await mesh_secret(world, key);
    kube::Json patch{{"immutable", immutable}};
    for (const auto& [field, text] : data) {
        patch["data"][field] = to_base64(text);
    }
    require(co_await world.kube().admin.call(
                "PATCH", fmt::format("/api/v1/namespaces/{}/secrets/{}", ns, name),
                std::move(patch), "application/merge-patch+json"),
            "patch the Secret " + name);
}

Task<void> delete_mesh_secret(World& world, std::string key) {
    const auto name = co_await mesh_secret(world, key);
    require(co_await world.kube().admin.delete_secret(world.target().mesh_namespace, name),
            "delete the Secret " + name);
}

Time end_of(const crypto::Certificate& leaf) {
    return from_unix_seconds(unix_seconds(leaf.not_after()) + 1);
}

Duration as_written(std::string_view ttl) {
    const auto duration = parse_duration(ttl);
    MESHPROOF_ASSERT(duration.has_value(), "\"{}\" is no duration", ttl);
    return *duration;
}

Task<Secret> token_of(World& world, run::KubeSite& cluster, std::string service_account) {
    const auto issued = require(
        co_await cluster.admin.request_token(world.target().mesh_namespace, service_account, {}),
        "a token of " + service_account);
    co_return issued.token;
}

Task<Result<vault::Login>> login(run::VaultSite& site, std::string mount, std::string role,
                                 Secret jwt) {
    const auto nobody = site.admin.with_token({});
    co_return co_await nobody.login_kubernetes(mount, role, jwt);
}

Task<vault::Login> logged_in(run::PreparedVault prepared, Secret jwt) {
    auto granted =
        co_await login(*prepared.site, prepared.auth_mount, prepared.auth_role, std::move(jwt));
    if (!granted) {
        const mesh::Asked asked{.auth_role = prepared.auth_role,
                                .pki_path = prepared.pki_path(),
                                .service_account = prepared.service_account,
                                .id = {},
                                .auth_mount = prepared.auth_mount};
        throw CannotGoOn(granted.error().during("log in"),
                         mesh::decide(mesh::Step::login, granted.error(), asked).reason);
    }
    co_return std::move(*granted);
}

vault::SignRequest request_for(std::string uri, crypto::KeyType type) {
    crypto::Csr::Spec spec;
    spec.alt_names.uris = {std::move(uri)};
    vault::SignRequest request;
    request.csr_pem = crypto::Csr::make(spec, crypto::Key::generate(type)).pem();
    return request;
}

void expect_bare_denial(World& world, const Result<vault::Login>& result, std::string_view what) {
    if (result) {
        world.expect(false, "{}: expected a bare 403, the login went through", what);
        return;
    }
    const auto& failure = result.error();
    world.expect(
        failure.status == 403 && failure.errors == std::vector<std::string>{"permission denied"},
        "{}: expected 403 and nothing but \"permission denied\", found {}", what, failure.message);
}

}  // namespace meshproof::scenarios
