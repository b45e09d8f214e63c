// What a standby of a three-node cluster does itself. One of OpenBao goes ahead with every request
// until something has to be written: so it asks API servers, with a CA that it looks for twice a
// minute, and signs what is not stored. One of Vault forwards all.
#include "conformance/steps.hpp"
#include "conformance/vault/kubernetes_auth/steps.hpp"
#include "conformance/vault/sys/steps.hpp"
#include "core/crypto/tls.hpp"

namespace meshproof::conformance {
namespace {

using kubernetes_auth::Bench;
using sys::alone;
using sys::nodes;

/// A set-up step at a node.
Task<void> write_at(Probe& probe, std::size_t node, std::string path, Json body) {
    const auto reply = co_await probe.node(node, "POST", std::move(path), std::move(body));
    if (reply.status < 200 || reply.status > 299) {
        throw CannotGoOn(Failure{FailureKind::rejected,
                                 fmt::format("set-up: {}: {}", reply.asked, reply.status),
                                 reply.status, reply.errors()});
    }
}

/// Until a standby has what was written at the active node. One of OpenBao is asked alone.
Task<void> wait_until_read(Probe& probe, std::size_t node, std::string path, As as = {}) {
    for (int i = 0; i < 50; ++i) {
        const auto reply = co_await probe.node(node, "GET", path, {}, as,
                                               probe.openbao() ? alone() : http::Headers());
        if (reply.status == 200) {
            co_return;
        }
        co_await probe.wait(std::chrono::milliseconds(100));
    }
    throw CannotGoOn(Failure{
        FailureKind::unreachable, fmt::format("node {} never reads {}", node, path), 0, {}});
}

/// An auth method of the cluster for a stand-in API server.
class Method {
  public:
    explicit Method(Probe& probe) : probe_(probe), bench_(probe) {}

    /// Mounts it, writes role "app" and configures it at the active node; until the standby has all
    /// that. Over plain HTTP no CA counts.
    [[nodiscard]] Task<void> open(bool tls = true) {
        at_ = co_await nodes(probe_);
        bench_.api().clock = &probe_.clock();
        served_ = co_await probe_.stand_in(bench_.api(), tls);
        mount_ = probe_.name("auth");
        co_await write_at(probe_, at_.active, "sys/auth/" + mount_, Json{{"type", "kubernetes"}});
        const auto role = fmt::format("auth/{}/role/app", mount_);
        co_await write_at(probe_, at_.active, role, kubernetes_auth::bound_role());
        // A standby that mounted it after it was configured would have its CA at once.
        co_await wait_until_read(probe_, at_.standby, role);
        Json body{{"kubernetes_host", served_.url},
                  {"kubernetes_ca_cert", tls ? served_.ca_pem : any_ca()}};
        const auto config = fmt::format("auth/{}/config", mount_);
        co_await write_at(probe_, at_.active, config, std::move(body));
        co_await wait_until_read(probe_, at_.standby, config);
    }
    [[nodiscard]] Task<void> close() {
        (void)co_await probe_.node(at_.active, "DELETE", "sys/auth/" + mount_);
    }

    /// An answer, and how often the API server was asked for it.
    struct Reviewed {
        Reply reply;
        std::size_t reviews = 0;
    };
    [[nodiscard]] Task<Reviewed> login(std::size_t node, http::Headers headers = {},
                                       std::string role = "app") {
        bench_.api().reviews.clear();
        Json body{{"role", std::move(role)}, {"jwt", bench_.jwt()}};
        auto reply = co_await probe_.node(node, "POST", fmt::format("auth/{}/login", mount_),
                                          std::move(body), As::nobody(), std::move(headers));
        co_return Reviewed{std::move(reply), bench_.api().reviews.size()};
    }
    [[nodiscard]] Task<Reviewed> renew(std::size_t node, Secret token, http::Headers headers = {}) {
        bench_.api().reviews.clear();
        auto reply = co_await probe_.node(node, "POST", "auth/token/renew-self", Json::object(),
                                          As::bearer(std::move(token)), std::move(headers));
        co_return Reviewed{std::move(reply), bench_.api().reviews.size()};
    }

    [[nodiscard]] std::size_t active() const { return at_.active; }
    [[nodiscard]] std::size_t standby() const { return at_.standby; }
    [[nodiscard]] kubernetes_auth::StandInApi& api() { return bench_.api(); }

  private:
    [[nodiscard]] std::string any_ca() {
        return crypto::make_server_credentials("any", probe_.clock().now(), std::chrono::hours(1))
            .ca.pem();
    }

    Probe& probe_;
    Bench bench_;
    run::StandIn served_;
    sys::Nodes at_;
    std::string mount_;
};

}  // namespace

std::vector<Check> vault_sys_standby() {
    return {
        {.name = "a-new-auth-method",
         .requirement = "The active node takes logins as soon as an auth method is configured, and "
                        "a standby of OpenBao refuses them first, with 403; one of Vault forwards "
                        "them.",
         .rows = {170},
         .level = Level::should,
         .features = {Feature::nodes, Feature::call_back},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             Method method(probe);
             co_await method.open();
             const auto taken = co_await method.login(method.active());
             const auto refused = co_await method.login(method.standby());
             co_await method.close();
             probe.expect_status(taken.reply, 200);
             if (probe.openbao()) {
                 probe.expect_plain_error(refused.reply, 403, "permission denied");
             } else {
                 probe.expect_status(refused.reply, 200);
             }
         }},

        {.name = "an-auth-method-in-use",
         .requirement = "Half a minute after an auth method was configured, a standby takes its "
                        "logins too.",
         .rows = {170},
         .level = Level::must,
         .features = {Feature::nodes, Feature::call_back, Feature::patience},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             Method method(probe);
             co_await method.open();
             Method::Reviewed login;
             for (int second = 0; second < 40; ++second) {
                 login = co_await method.login(method.standby());
                 if (login.reply.status == 200) {
                     break;
                 }
                 co_await probe.wait(std::chrono::seconds(1));
             }
             co_await method.close();
             probe.expect_status(login.reply, 200);
         }},

        {.name = "logins-are-tried",
         .requirement = "A standby of OpenBao has a login reviewed before it leaves it to the "
                        "active node, which has it reviewed again, and what it refuses is refused; "
                        "one of Vault forwards it unseen.",
         .rows = {170},
         .level = Level::may,
         .features = {Feature::nodes, Feature::call_back},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             Method method(probe);
             co_await method.open(false);
             const auto whole = co_await method.login(method.standby());
             const auto tried = co_await method.login(method.standby(), alone());
             const auto unknown = co_await method.login(method.standby(), alone(), "nobody");
             method.api().overrides = Json{{"authenticated", false}};
             const auto unreviewed = co_await method.login(method.standby(), alone());
             co_await method.close();
             probe.expect_status(whole.reply, 200);
             probe.expect_equal(whole.reviews, probe.on(2, 1), "TokenReviews of a login");
             probe.expect_status(tried.reply, 307);
             probe.expect_equal(tried.reviews, probe.on(1, 0),
                                "TokenReviews of a login that is not forwarded");
             probe.expect_status(unknown.reply, probe.on(400, 307));
             probe.expect_status(unreviewed.reply, probe.on(403, 307));
         }},

        {.name = "renewals-are-tried",
         .requirement = "A standby of OpenBao has the login of a token reviewed before it leaves "
                        "the token's renewal to the active node, which has it reviewed again; one "
                        "of Vault forwards it, and nobody reviews.",
         .rows = {156, 170},
         .level = Level::may,
         .features = {Feature::nodes, Feature::call_back},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             Method method(probe);
             co_await method.open(false);
             const auto login = co_await method.login(method.active());
             const auto token = kubernetes_auth::token_of(probe, login.reply);
             co_await wait_until_read(probe, method.standby(), "auth/token/lookup-self",
                                      As::bearer(token));
             const auto whole = co_await method.renew(method.standby(), token);
             const auto tried = co_await method.renew(method.standby(), token, alone());
             co_await method.close();
             probe.expect_status(whole.reply, 200);
             probe.expect_equal(whole.reviews, probe.on(2, 0), "TokenReviews of a renewal");
             probe.expect_status(tried.reply, 307);
             probe.expect_equal(tried.reviews, probe.on(1, 0),
                                "TokenReviews of a renewal that is not forwarded");
         }},

        {.name = "unstored-leaves",
         .requirement = "A standby of OpenBao signs what is not stored by itself, and leaves to "
                        "the active node what is; one of Vault forwards both.",
         .rows = {170},
         .level = Level::should,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const auto mount = probe.name("pki");
             co_await write_at(probe, active, "sys/mounts/" + mount, Json{{"type", "pki"}});
             Json root{{"common_name", "meshproof root"}, {"key_type", "ec"}, {"ttl", "700h"}};
             co_await write_at(probe, active, mount + "/root/generate/internal", std::move(root));
             for (const auto* name : {"stored", "unstored"}) {
                 Json role{{"key_type", "ec"},
                           {"allow_any_name", true},
                           {"ttl", "1h"},
                           {"no_store", std::string_view(name) == "unstored"}};
                 const auto path = fmt::format("{}/roles/{}", mount, name);
                 co_await write_at(probe, active, path, std::move(role));
                 co_await wait_until_read(probe, standby, path);
             }
             std::map<std::string_view, Reply> forwarded, own;
             for (const auto* role : {"stored", "unstored", "unknown"}) {
                 const Json body{{"csr", steps::named_csr("web")}};
                 const auto path = fmt::format("{}/sign/{}", mount, role);
                 forwarded[role] = co_await probe.node(standby, "POST", path, body);
                 own[role] = co_await probe.node(standby, "POST", path, body, As::admin(), alone());
             }
             (void)co_await probe.node(active, "DELETE", "sys/mounts/" + mount);
             probe.expect_status(forwarded["stored"], 200);
             probe.expect_status(forwarded["unstored"], 200);
             probe.expect_error(forwarded["unknown"], 400, "unknown role: unknown");
             probe.expect_status(own["stored"], 307);
             probe.expect_status(own["unstored"], probe.on(200, 307));
             probe.expect_status(own["unknown"], probe.on(400, 307));
         }},

        {.name = "counted-tokens",
         .requirement = "A standby leaves even a read to the active node where the token's uses "
                        "are counted.",
         .rows = {170},
         .level = Level::may,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const Json parameters{{"ttl", "1m"}, {"policies", "default"}, {"num_uses", 5}};
             const auto made = co_await probe.node(active, "POST", "auth/token/create", parameters);
             const auto token = kubernetes_auth::token_of(probe, made);
             // What the standby has not heard of it leaves to the active node too: it hears of one
             // after the other.
             const Json uncounted{{"ttl", "1m"}, {"policies", "default"}};
             const auto later = co_await probe.node(active, "POST", "auth/token/create", uncounted);
             co_await wait_until_read(probe, standby, "auth/token/lookup-self",
                                      As::bearer(kubernetes_auth::token_of(probe, later)));
             const auto read = co_await probe.node(standby, "GET", "auth/token/lookup-self", {},
                                                   As::bearer(token), alone());
             probe.expect_status(read, 307);
             const auto forwarded = co_await probe.node(standby, "GET", "auth/token/lookup-self",
                                                        {}, As::bearer(token));
             probe.expect_status(forwarded, 200);
             probe.expect_equal(steps::number_of(probe, forwarded, "num_uses"), 4, "num_uses");
         }},

        {.name = "refusals-by-policy",
         .requirement = "A standby of OpenBao refuses by itself a write that no policy allows.",
         .rows = {170},
         .level = Level::may,
         .features = {Feature::nodes},
         .exclusive = true,
         .run = [](Probe& probe) -> Task<void> {
             const auto [active, standby] = co_await nodes(probe);
             const Json parameters{{"ttl", "1m"}, {"policies", "default"}};
             const auto made = co_await probe.node(active, "POST", "auth/token/create", parameters);
             const auto token = kubernetes_auth::token_of(probe, made);
             co_await wait_until_read(probe, standby, "auth/token/lookup-self", As::bearer(token));
             const Json policy{{"policy", ""}};
             const auto write = co_await probe.node(standby, "POST", "sys/policies/acl/none",
                                                    policy, As::bearer(token), alone());
             if (probe.openbao()) {
                 probe.expect_wrapped_error(write, 403, "permission denied");
             } else {
                 probe.expect_status(write, 307);
             }
         }},
    };
}

}  // namespace meshproof::conformance
