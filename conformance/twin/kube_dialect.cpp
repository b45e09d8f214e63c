#include "conformance/twin/kube_dialect.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/kube/client.hpp"
#include "core/run/sweep.hpp"

namespace meshproof::twin {
namespace {

/// The groups whose objects the topics ask about.
constexpr std::string_view groups[] = {"api/v1", "apis/rbac.authorization.k8s.io/v1",
                                       "apis/authentication.k8s.io/v1",
                                       "apis/authorization.k8s.io/v1"};
/// "spec.template" is told apart, and nothing below it.
constexpr std::size_t deepest_member = 2;

kube::Client client_of(http::Transport& wire, const Side& side) {
    kube::Access access;
    access.endpoint = side.endpoint;
    access.token = side.token;
    return {wire, std::move(access)};
}

std::string text_in(const Json& object, std::string_view outer, std::string_view name) {
    const Json::json_pointer at(fmt::format("/{}/{}", outer, name));
    return object.contains(at) && object.at(at).is_string() ? object.at(at).get<std::string>()
                                                            : std::string();
}

/// What is asked for once and kept nowhere: reviews and tokens are no objects.
bool makes_objects(const Step& step) {
    return step.path.find("reviews") == std::string::npos && !step.path.ends_with("/token");
}

Task<Result<void>> delete_object(kube::Client client, std::string path) {
    const auto answer = co_await client.request("DELETE", "/" + path);
    if (!answer) {
        co_return propagate(answer);
    }
    constexpr int server_error = 500;
    if (answer->status >= server_error) {
        co_return fail(FailureKind::server, "{} {}", answer->status, answer->body);
    }
    co_return Result<void>{};
}

Task<Result<void>> delete_home(kube::Client client, std::string name) {
    const auto gone = co_await client.delete_namespace(std::move(name));
    constexpr int not_found = 404;
    co_return !gone && gone.error().status == not_found ? Result<void>{} : gone;
}

}  // namespace

Task<Description> KubeDialect::describe(http::Transport& wire, Side side,
                                        run::RunMark /*mark*/) const {
    const auto client = client_of(wire, side);
    Description out;
    out.title = "Kubernetes";
    out.version = co_await version(wire, side);
    for (const auto group : groups) {
        const auto document =
            require(co_await client.call("GET", fmt::format("/openapi/v3/{}", group)),
                    fmt::format("the description of {}", group));
        ReadOptions options;
        options.deepest = deepest_member;
        auto one = require(read_description(document, options));
        out.operations.insert(out.operations.end(), std::make_move_iterator(one.operations.begin()),
                              std::make_move_iterator(one.operations.end()));
    }
    co_return out;
}

Task<std::string> KubeDialect::version(http::Transport& wire, Side side) const {
    const auto told = co_await client_of(wire, side).version();
    co_return told ? *told : std::string("of an unknown version");
}

Task<void> KubeDialect::settle(http::Transport& wire, Side side, run::Ledger& ledger) const {
    const auto client = client_of(wire, side);
    const auto home = home_of(ledger.mark());
    ledger.at_end(fmt::format("{}: namespace {}", side.name, home),
                  [client, home] { return delete_home(client, home); });
    require(co_await client.create_namespace(home, ledger.mark().labels()),
            fmt::format("{}: a namespace for stories", side.name));
    // Pods need it. A controller makes it too, at a time of its own: then it is there already.
    const Json account{
        {"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "default"}}}};
    const auto made = co_await client.request(
        "POST", fmt::format("/api/v1/namespaces/{}/serviceaccounts", home), account);
    if (!made) {
        throw CannotGoOn(made.error().during(side.name));
    }
}

Task<Secret> KubeDialect::begin(http::Transport& /*wire*/, Side side,
                                run::Ledger& /*ledger*/) const {
    co_return side.token;
}

void KubeDialect::address(http::Request& request, const Side& /*side*/,
                          std::string_view token) const {
    request.headers.set("Accept", "application/json");
    if (!token.empty()) {
        request.headers.set("Authorization", fmt::format("Bearer {}", token));
    }
}

std::vector<Removal> KubeDialect::promised(const Step& step, const std::string& path,
                                           const Json& body) const {
    if (!makes_objects(step)) {
        return {};
    }
    if (step.method == "PUT" || step.method == "PATCH") {
        return {{.method = "DELETE", .path = path}};  // either may create
    }
    const auto name = step.method == "POST" ? text_in(body, "metadata", "name") : std::string();
    return name.empty() ? std::vector<Removal>{}
                        : std::vector<Removal>{{.method = "DELETE", .path = path + "/" + name}};
}

std::vector<Removal> KubeDialect::told(const Step& step, const std::string& path,
                                       const Json& answer) const {
    const bool made = step.method == "POST" && makes_objects(step);
    const auto name = made ? text_in(answer, "metadata", "name") : std::string();
    return name.empty() ? std::vector<Removal>{}
                        : std::vector<Removal>{{.method = "DELETE", .path = path + "/" + name}};
}

Task<Result<void>> KubeDialect::remove(http::Transport& wire, Side side, Removal removal) const {
    co_return co_await delete_object(client_of(wire, side), std::move(removal.path));
}

Task<std::vector<std::string>> KubeDialect::sweep(http::Transport& wire, Side side,
                                                  std::string run_id) const {
    // The namespace is on its way out, with all that is in it: the sweep would call it left behind.
    const auto client = client_of(wire, side);
    const auto home = home_of(run::RunMark(run_id));
    const auto read = co_await client.call("GET", "/api/v1/namespaces/" + home);
    std::vector<std::string> out;
    if (read && text_in(*read, "status", "phase") == "Active") {
        const auto gone = co_await delete_home(client, home);
        out.push_back(fmt::format("namespace {}: {}", home,
                                  gone ? "was left by a story" : gone.error().message));
    }
    co_return out;
}

void dress_for_kube(Step& step, Prng& prng) {
    constexpr std::string_view patches[] = {
        "application/merge-patch+json", "application/strategic-merge-patch+json",
        "application/json-patch+json", "application/apply-patch+yaml"};
    // JSON is YAML; it is neither CBOR nor protobuf.
    constexpr std::string_view bodies[] = {"application/yaml", "application/cbor",
                                           "application/vnd.kubernetes.protobuf", "text/plain"};
    constexpr std::string_view answers[] = {"application/yaml", "application/cbor", "text/plain",
                                            "*/*", "application/json;as=Nothing;v=v1"};
    const auto drawn = [&prng](std::span<const std::string_view> of) {
        return std::string(of[prng.below(of.size())]);
    };
    if (step.method == "PATCH") {
        const auto type = drawn(patches);
        step.headers.emplace_back("Content-Type", type);
        if (type == "application/json-patch+json") {
            step.body = Json::array(
                {{{"op", "add"}, {"path", "/metadata/labels"}, {"value", {{"a", "b"}}}}});
        }
        const bool managed = std::ranges::any_of(
            step.query, [](const auto& field) { return field.first == "fieldManager"; });
        if (type == "application/apply-patch+yaml" && !managed && prng.chance(0.8)) {
            step.query.emplace_back("fieldManager", "twin");
        }
    } else if (step.body && prng.chance(0.1)) {
        step.headers.emplace_back("Content-Type", drawn(bodies));
    }
    if (prng.chance(0.1)) {
        step.headers.emplace_back("Accept", drawn(answers));
    }
}

}  // namespace meshproof::twin
