#include "core/kube/client.hpp"

#include "core/crypto/tls.hpp"
#include "fakes/sim/sim_network.hpp"
#include "fixture.hpp"

namespace meshproof::fakes {
namespace {

/// The typed client against the fake, through the simulated wire.
class Cluster : public Kube {
  protected:
    Cluster() {
        http::ListenSpec spec;
        spec.name = "kube";
        spec.party = [this] {
            crypto::TlsParty party;
            party.identity = credentials.identity;
            party.verify_peer = false;
            return party;
        };
        listener = require(clock.run(network.listen(std::move(spec), *kube)));
        meshproof::kube::Access access;
        access.endpoint.url = listener->url();
        access.endpoint.tls.trust = {credentials.ca};
        access.endpoint.caller = "test";
        access.token = Secret("admin");
        client = std::make_unique<meshproof::kube::Client>(network, access);
    }

    template <class T>
    T get(Task<Result<T>> work) {
        return require(clock.run(std::move(work)));
    }

    crypto::ServerCredentials credentials =
        crypto::make_server_credentials("kube", clock.now(), 24h * 365, {"kube"});
    SimNetwork network{clock, Prng(5)};
    std::unique_ptr<http::Listener> listener;
    std::unique_ptr<meshproof::kube::Client> client;
};

TEST_F(Cluster, ServesTheTypedClient) {
    EXPECT_EQ(get(client->version()), "v1.34.4");
    EXPECT_TRUE(get(client->namespace_exists("default")));
    EXPECT_FALSE(get(client->namespace_exists("team")));
    get(client->create_namespace("team", {{"a", "b"}}));
    EXPECT_TRUE(get(client->namespace_exists("team")));

    meshproof::kube::ObjectMeta meta;
    meta.name = "app";
    meta.namespace_name = "team";
    const auto account = get(client->create_service_account(meta));
    EXPECT_FALSE(account.meta.uid.empty());
    const auto again = clock.run(client->create_service_account(meta));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, FailureKind::conflict);

    meshproof::kube::TokenRequest request;
    request.audiences = {"vault"};
    const auto token = get(client->request_token("team", "app", request));
    const auto review = get(client->review_token(token.token, {"vault"}));
    EXPECT_TRUE(review.authenticated) << review.error;
    EXPECT_EQ(review.username, "system:serviceaccount:team:app");
    EXPECT_EQ(review.uid, account.meta.uid);

    const auto own = get(client->request_token("team", "app", {}));
    const auto as_app = client->with_token(own.token);
    EXPECT_EQ(clock.run(as_app.review_token(token.token)).error().kind, FailureKind::denied);
    get(client->bind_auth_delegator("delegate", "team", "app", {}));
    EXPECT_TRUE(get(as_app.review_token(token.token, {"vault"})).authenticated);
    get(client->delete_cluster_role_binding("delegate"));
    get(client->delete_namespace("team"));
    EXPECT_FALSE(get(client->namespace_exists("team")));
}

Task<std::vector<meshproof::kube::WatchKind>> live_a_pods_life(
    meshproof::kube::Client client, std::unique_ptr<http::Listener> listener) {
    std::vector<meshproof::kube::WatchKind> kinds;
    const auto list = require(co_await client.list_pods("default"));
    auto watch = require(co_await client.watch_pods("default", "", list.resource_version));
    meshproof::kube::Pod pod;
    pod.meta.name = "p";
    pod.meta.namespace_name = "default";
    pod.service_account = "default";
    require(co_await client.create_pod(pod));
    require(co_await client.set_pod_status("default", "p", "Running", true, ""));
    const auto running = require(co_await client.pod("default", "p"));
    EXPECT_TRUE(running.ready);
    require(co_await client.delete_pod("default", "p"));
    for (int i = 0; i < 4; ++i) {
        const auto event = require(co_await watch.next());
        EXPECT_EQ(event ? event->object.meta.name : "nothing", "p");
        kinds.push_back(event ? event->kind : meshproof::kube::WatchKind::error);
    }
    listener.reset();
    const auto broken = co_await watch.next();
    EXPECT_EQ(broken ? FailureKind::invalid : broken.error().kind, FailureKind::closed);
    co_return kinds;
}

TEST_F(Cluster, WatchesPods) {
    EXPECT_EQ(
        clock.run(live_a_pods_life(*client, std::move(listener))),
        (std::vector{meshproof::kube::WatchKind::added, meshproof::kube::WatchKind::modified,
                     meshproof::kube::WatchKind::modified, meshproof::kube::WatchKind::deleted}));
}

}  // namespace
}  // namespace meshproof::fakes
