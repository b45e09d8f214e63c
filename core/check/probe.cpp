#include "core/check/probe.hpp"

#include <algorithm>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/run/ending.hpp"
#include "core/run/sweep.hpp"

namespace meshproof::run {
namespace {

/// A login waits for its API server for up to 90 s (row 148), longer than clients usually do; and
/// so long a Vault disables no auth method either.
constexpr Duration answer_limit = std::chrono::seconds(110);

constexpr std::string_view multierror = "1 error occurred:\n\t* ";

bool good(int status) {
    return status >= 200 && status < 300;
}

/// What a failed expectation shows of an answer: the server's own words where there are some.
std::string told(const Reply& reply) {
    if (reply.json.is_object() && reply.json.contains("errors")) {
        return fmt::format("{} {}", reply.status, one_line(reply.json["errors"].dump()));
    }
    if (reply.json.is_object() && reply.json.value("kind", Json()) == "Status") {
        return fmt::format("{} {}", reply.status,
                           one_line(reply.json.value("message", Json("")).dump()));
    }
    constexpr std::size_t enough = 200;
    return fmt::format("{} {}", reply.status, one_line(reply.body.substr(0, enough)));
}

std::string quoted(const std::vector<std::string>& texts) {
    return one_line(Json(texts).dump(-1, ' ', false, Json::error_handler_t::replace));
}

Failure told_status(int status, std::string text) {
    return {kind_of_status(status), fmt::format("{} {}", status, text), status, {}};
}

Task<Result<void>> undo_in_vault(vault::Client client, std::string method, std::string path,
                                 std::optional<Json> body) {
    constexpr std::string_view auth_methods = "sys/auth/";
    if (method == "DELETE" && path.starts_with(auth_methods)) {
        co_return co_await remove_auth_method(client, path.substr(auth_methods.size()));
    }
    const auto answer = co_await client.request(method, path, body);
    if (!answer) {
        co_return propagate(answer);
    }
    // Gone already, by the check itself or with what held it (a revoked token is 403 or 400).
    const bool gone =
        path.starts_with("auth/token/") && (answer->status == 400 || answer->status == 403);
    if (good(answer->status) || gone) {
        co_return Result<void>{};
    }
    co_return tl::unexpected<Failure>(told_status(answer->status, join(answer->errors(), "; ")));
}

Task<Result<void>> undo_in_cluster(kube::Client client, std::string method, std::string path) {
    const auto answer = co_await client.request(method, path);
    if (!answer) {
        co_return propagate(answer);
    }
    if (good(answer->status)) {
        co_return Result<void>{};
    }
    constexpr std::size_t enough = 200;
    co_return tl::unexpected<Failure>(told_status(answer->status, answer->body.substr(0, enough)));
}

}  // namespace

Probe::Probe(Environment& environment, const Survey& survey, std::string run_id, Prng prng,
             Witness* witness)
    : environment_(environment),
      survey_(survey),
      ledger_(RunMark(std::move(run_id))),
      prng_(std::move(prng)),
      witness_(witness),
      transport_(witness != nullptr ? witness->between(environment.transport(), environment.clock())
                                    : environment.transport()) {
    if (!survey_.target.vaults.empty()) {
        const auto& config = survey_.target.vaults.front().config;
        transport_.name_origin(config.endpoint.url, "vault");
        transport_.redactor().learn(config.token.reveal(), "VAULT_TOKEN", false);
    }
    for (std::size_t i = 0; i < survey_.target.nodes.size(); ++i) {
        const auto& config = survey_.target.nodes[i].config;
        transport_.name_origin(config.endpoint.url, fmt::format("node {}", i));
        transport_.redactor().learn(config.token.reveal(), "NODE_TOKEN", false);
    }
    for (const auto& server : survey_.target.uninitialised) {
        transport_.name_origin(server.config.endpoint.url, "new server");
    }
    if (!survey_.target.clusters.empty()) {
        const auto& access = survey_.target.clusters.front();
        transport_.name_origin(access.endpoint.url, "kubernetes");
        transport_.redactor().learn(access.token.reveal(), "KUBE_TOKEN", false);
    }
}

Task<Reply> Probe::ask(bool kubernetes, std::string method, std::string path, std::string body,
                       As as, http::Headers headers) {
    if (!kubernetes) {
        if (survey_.target.vaults.empty()) {
            throw CannotGoOn(Failure{FailureKind::unsupported, "the target names no Vault", 0, {}});
        }
        co_return co_await ask_vault(survey_.target.vaults.front().config, std::move(method),
                                     std::move(path), std::move(body), std::move(as),
                                     std::move(headers));
    }
    if (survey_.target.clusters.empty()) {
        throw CannotGoOn(
            Failure{FailureKind::unsupported, "the target names no API server", 0, {}});
    }
    const auto& access = survey_.target.clusters.front();
    auto endpoint = access.endpoint;
    http::Request request;
    request.method = std::move(method);
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.target = path;
    if (as.kind != As::Kind::admin) {
        endpoint.tls.identity.reset();
    }
    const auto& token = as.kind == As::Kind::admin ? access.token : as.token;
    if (!token.empty()) {
        request.headers.set("Authorization", "Bearer " + token.reveal());
    }
    if (!request.headers.find("Accept")) {
        request.headers.set("Accept", "application/json");
    }
    co_return co_await send(std::move(endpoint), std::move(request), std::move(path));
}

Task<Reply> Probe::ask_vault(vault::Config config, std::string method, std::string path,
                             std::string body, As as, http::Headers headers) {
    http::Request request;
    request.method = std::move(method);
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.target = path.starts_with('/') ? path : "/v1/" + path;
    const auto& token = as.kind == As::Kind::admin ? config.token : as.token;
    if (!token.empty()) {
        request.headers.set("X-Vault-Token", token.reveal());
    }
    if (!config.namespace_name.empty() && !request.headers.find("X-Vault-Namespace")) {
        request.headers.set("X-Vault-Namespace", config.namespace_name);
    }
    co_return co_await send(config.endpoint, std::move(request), std::move(path));
}

Task<Reply> Probe::send(http::Endpoint endpoint, http::Request request, std::string path) {
    request.target = endpoint.url.path + request.target;
    endpoint.url.path.clear();
    endpoint.timeout = answer_limit;
    Reply reply;
    reply.asked = fmt::format("{} {}", request.method, path);
    reply.exchange = transport_.exchanges();
    auto response = co_await transport_.send(std::move(endpoint), std::move(request));
    if (!response) {
        throw CannotGoOn(response.error().during(redacted(reply.asked)));
    }
    reply.status = response->status;
    reply.headers = std::move(response->headers);
    reply.body = std::move(response->body);
    reply.json = json_or_null(reply.body);
    co_return reply;
}

namespace {

std::string bytes_of(const std::optional<Json>& body) {
    return body ? body->dump(-1, ' ', false, Json::error_handler_t::replace) : std::string();
}

}  // namespace

Task<Reply> Probe::vault(std::string method, std::string path, std::optional<Json> body, As as,
                         http::Headers headers) {
    if (body && !headers.find("Content-Type")) {
        headers.set("Content-Type", "application/json");
    }
    return ask(false, std::move(method), std::move(path), bytes_of(body), std::move(as),
               std::move(headers));
}

Task<Reply> Probe::node(std::size_t index, std::string method, std::string path,
                        std::optional<Json> body, As as, http::Headers headers) {
    if (index >= survey_.target.nodes.size()) {
        throw CannotGoOn(Failure{
            FailureKind::unsupported, fmt::format("the target has no node {}", index), 0, {}});
    }
    return ask_vault(survey_.target.nodes[index].config, std::move(method), std::move(path),
                     bytes_of(body), std::move(as), std::move(headers));
}

Task<Reply> Probe::uninitialised(std::string method, std::string path, std::optional<Json> body,
                                 As as, http::Headers headers) {
    if (survey_.target.uninitialised.empty()) {
        throw CannotGoOn(Failure{
            FailureKind::unsupported, std::string(missing_reason(Feature::uninitialised)), 0, {}});
    }
    return ask_vault(survey_.target.uninitialised.front().config, std::move(method),
                     std::move(path), bytes_of(body), std::move(as), std::move(headers));
}

Task<Reply> Probe::vault_raw(std::string method, std::string path, std::string body, As as,
                             http::Headers headers) {
    return ask(false, std::move(method), std::move(path), std::move(body), std::move(as),
               std::move(headers));
}

Task<Reply> Probe::kube(std::string method, std::string path, std::optional<Json> body, As as,
                        http::Headers headers) {
    if (body && !headers.find("Content-Type")) {
        headers.set("Content-Type", "application/json");
    }
    return ask(true, std::move(method), std::move(path), bytes_of(body), std::move(as),
               std::move(headers));
}

Task<Reply> Probe::kube_raw(std::string method, std::string path, std::string body, As as,
                            http::Headers headers) {
    return ask(true, std::move(method), std::move(path), std::move(body), std::move(as),
               std::move(headers));
}

vault::Client Probe::vault_client(As as) {
    if (survey_.target.vaults.empty()) {
        throw CannotGoOn(Failure{FailureKind::unsupported, "the target names no Vault", 0, {}});
    }
    vault::Client client(transport_, survey_.target.vaults.front().config);
    return as.kind == As::Kind::admin ? client : client.with_token(std::move(as.token));
}

kube::Client Probe::kube_client(As as) {
    if (survey_.target.clusters.empty()) {
        throw CannotGoOn(
            Failure{FailureKind::unsupported, "the target names no API server", 0, {}});
    }
    kube::Client client(transport_, survey_.target.clusters.front());
    return as.kind == As::Kind::admin ? client : client.with_token(std::move(as.token));
}

Task<Reply> Probe::set_up(std::string method, std::string path, std::optional<Json> body, As as) {
    auto reply = co_await vault(std::move(method), std::move(path), std::move(body), std::move(as));
    if (witness_ != nullptr) {
        witness_->set_up(reply.exchange);
    }
    if (!good(reply.status)) {
        throw CannotGoOn(Failure{FailureKind::rejected,
                                 redacted(fmt::format("set-up: {}: {}", reply.asked, told(reply))),
                                 reply.status, reply.errors()});
    }
    co_return reply;
}

Task<Reply> Probe::set_up_kube(std::string method, std::string path, std::optional<Json> body,
                               As as) {
    auto reply = co_await kube(std::move(method), std::move(path), std::move(body), std::move(as));
    if (witness_ != nullptr) {
        witness_->set_up(reply.exchange);
    }
    if (!good(reply.status)) {
        throw CannotGoOn(Failure{FailureKind::rejected,
                                 redacted(fmt::format("set-up: {}: {}", reply.asked, told(reply))),
                                 reply.status,
                                 {}});
    }
    co_return reply;
}

std::string Probe::name(std::string_view base) const {
    return mark().name(base);
}

Json Probe::labels() const {
    return Json(mark().labels());
}

Task<std::string> Probe::mount(std::string base, std::string type, Json config) {
    auto path = name(base);
    at_end("DELETE", "sys/mounts/" + path);
    Json body{{"type", std::move(type)}, {"description", mark().text()}};
    if (!config.empty()) {
        body["config"] = std::move(config);
    }
    (void)co_await set_up("POST", "sys/mounts/" + path, std::move(body));
    co_return path;
}

Task<std::string> Probe::auth_mount(std::string base, std::string type) {
    auto path = name(base);
    at_end("DELETE", "sys/auth/" + path);
    Json body{{"type", std::move(type)}, {"description", mark().text()}};
    (void)co_await set_up("POST", "sys/auth/" + path, std::move(body));
    co_return path;
}

Task<std::string> Probe::policy(std::string base, std::string hcl) {
    auto policy_name = name(base);
    at_end("DELETE", "sys/policies/acl/" + policy_name);
    Json body{{"policy", mark().in_policy(hcl)}};
    (void)co_await set_up("PUT", "sys/policies/acl/" + policy_name, std::move(body));
    co_return policy_name;
}

Task<Secret> Probe::token(Json parameters) {
    if (!parameters.contains("ttl")) {
        parameters["ttl"] = "10m";  // what a killed run leaves ends soon
    }
    const auto reply = co_await set_up("POST", "auth/token/create", std::move(parameters));
    const auto auth = reply.json.value("auth", Json());
    if (!auth.is_object() || !auth.contains("client_token")) {
        throw CannotGoOn(Failure{FailureKind::malformed, "auth/token/create gave no token", 0, {}});
    }
    if (const auto accessor = auth.value("accessor", std::string()); !accessor.empty()) {
        Json body{{"accessor", accessor}};
        at_end("POST", "auth/token/revoke-accessor", std::move(body));
    }
    co_return Secret(auth["client_token"].get<std::string>());
}

Task<Secret> Probe::token_for(std::string hcl) {
    const auto policy_name = co_await policy(fmt::format("p{}", ledger_.size()), std::move(hcl));
    Json parameters{{"policies", Json::array({policy_name})}, {"no_default_policy", true}};
    co_return co_await token(std::move(parameters));
}

Task<std::string> Probe::kube_namespace(std::string base) {
    auto ns = name(base);
    at_end_kube("DELETE", "/api/v1/namespaces/" + ns);
    Json metadata{{"name", ns}, {"labels", labels()}};
    Json body{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", std::move(metadata)}};
    (void)co_await set_up_kube("POST", "/api/v1/namespaces", std::move(body));
    co_return ns;
}

Task<void> Probe::service_account(std::string ns, std::string account) {
    Json metadata{{"name", account}, {"labels", labels()}};
    Json body{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", std::move(metadata)}};
    (void)co_await set_up_kube("POST", fmt::format("/api/v1/namespaces/{}/serviceaccounts", ns),
                               std::move(body));
}

Task<Secret> Probe::service_account_token(std::string ns, std::string account,
                                          kube::TokenRequest request) {
    const auto issued = co_await kube_client().request_token(ns, account, std::move(request));
    if (!issued) {
        throw CannotGoOn(issued.error().during("set-up"));
    }
    co_return issued->token;
}

Task<StandIn> Probe::stand_in(http::Handler& handler, bool tls) {
    StandIn served;
    http::ListenSpec spec;
    spec.name = fmt::format("stand-in-{}-{}", mark().run_id(), stand_ins_++);
    spec.tls = tls;
    if (tls) {
        const auto credentials = crypto::make_server_credentials(
            "meshproof stand-in", clock().now(), std::chrono::hours(1), {spec.name});
        served.ca_pem = credentials.ca.pem();
        spec.party = [identity = credentials.identity] {
            crypto::TlsParty party;
            party.identity = identity;
            party.verify_peer = false;
            return party;
        };
    }
    auto listener = co_await transport_.listen(std::move(spec), handler);
    if (!listener) {
        throw CannotGoOn(listener.error().during("stand-in server"));
    }
    served.listener = std::move(*listener);
    served.url = served.listener->url().origin();
    co_return served;
}

void Probe::at_end(std::string method, std::string path, std::optional<Json> body) {
    auto what = fmt::format("{} {}", method, path);
    // Clean-up is no evidence: it goes over the wire itself.
    auto config = survey_.target.vaults.front().config;
    config.endpoint.timeout = answer_limit;
    ledger_.at_end(std::move(what),
                   [client = vault::Client(environment_.transport(), std::move(config)),
                    method = std::move(method), path = std::move(path),
                    body = std::move(body)] { return undo_in_vault(client, method, path, body); });
}

void Probe::at_end_kube(std::string method, std::string path) {
    auto what = fmt::format("{} {}", method, path);
    auto access = survey_.target.clusters.front();
    access.endpoint.timeout = answer_limit;
    ledger_.at_end(std::move(what),
                   [client = kube::Client(environment_.transport(), std::move(access)),
                    method = std::move(method),
                    path = std::move(path)] { return undo_in_cluster(client, method, path); });
}

bool Probe::fail(std::string text) {
    failures_.push_back(one_line(redacted(std::move(text))));
    return false;
}

bool Probe::note(bool held, const Place& place, Expected what, std::string_view text,
                 const Reply* reply, const Json* actual) const {
    if (witness_ != nullptr) {
        const auto exchange = reply == nullptr ? std::nullopt : std::optional(reply->exchange);
        witness_->noted({place, what, held, text, exchange, actual, {}});
    }
    return held;
}

bool Probe::noted_sentence(bool held, const Place& place, fmt::string_view format,
                           std::string told) {
    if (witness_ != nullptr) {
        witness_->noted({place, Expected::holds, held,
                         std::string_view(format.data(), format.size()), std::nullopt, nullptr,
                         told});
    }
    return held || fail(std::move(told));
}

bool Probe::expect_status(const Reply& reply, int status, Place place) {
    return note(reply.status == status, place, Expected::status, {}, &reply) ||
           fail(fmt::format("{}: expected status {}, got {}", reply.asked, status, told(reply)));
}

bool Probe::expect_error(const Reply& reply, int status, std::string_view text, Place place) {
    const auto errors = reply.errors();
    const bool holds = reply.status == status && errors.size() == 1 &&
                       errors.front().find(text) != std::string::npos;
    return note(holds, place, Expected::error, text, &reply) ||
           fail(fmt::format("{}: expected {} with an error that holds \"{}\", got {}", reply.asked,
                            status, text, told(reply)));
}

bool Probe::expect_plain_error(const Reply& reply, int status, std::string_view text, Place place) {
    const auto errors = reply.errors();
    const bool holds = reply.status == status && errors.size() == 1 &&
                       errors.front().find(text) != std::string::npos &&
                       !errors.front().starts_with(multierror);
    return note(holds, place, Expected::error, text, &reply) ||
           fail(fmt::format("{}: expected {} with the plain error \"{}\" (not wrapped), got {}",
                            reply.asked, status, text, told(reply)));
}

bool Probe::expect_wrapped_error(const Reply& reply, int status, std::string_view text,
                                 Place place) {
    const auto errors = reply.errors();
    const bool holds = reply.status == status && errors.size() == 1 &&
                       errors.front().starts_with(multierror) && errors.front().ends_with("\n\n") &&
                       errors.front().find(text) != std::string::npos;
    return note(holds, place, Expected::error, text, &reply) ||
           fail(fmt::format("{}: expected {} with \"{}\" within \"1 error occurred:\", got {}",
                            reply.asked, status, text, told(reply)));
}

bool Probe::expect_no_text(const Reply& reply, int status, Place place) {
    const bool holds = reply.status == status && reply.json.is_object() && reply.json.size() == 1 &&
                       reply.json.value("errors", Json()) == Json::array();
    return note(holds, place, Expected::no_text, {}, &reply) ||
           fail(fmt::format("{}: expected {} with {{\"errors\":[]}}, got {}", reply.asked, status,
                            told(reply)));
}

bool Probe::expect_warning(const Reply& reply, std::string_view text, Place place) {
    const auto warnings = reply.warnings();
    const bool holds = std::ranges::any_of(warnings, [text](const std::string& warning) {
        return warning.find(text) != std::string::npos;
    });
    return note(holds, place, Expected::warning, text, &reply) ||
           fail(fmt::format("{}: expected a warning that holds \"{}\", got {} {}", reply.asked,
                            text, reply.status, quoted(warnings)));
}

bool Probe::expect_no_warning(const Reply& reply, Place place) {
    return note(reply.warnings().empty(), place, Expected::no_warning, {}, &reply) ||
           fail(fmt::format("{}: expected no warning, got {}", reply.asked,
                            quoted(reply.warnings())));
}

bool Probe::expect_equal(const Json& actual, const Json& expected, std::string_view what,
                         Place place) {
    constexpr auto replace = Json::error_handler_t::replace;
    return note(actual == expected, place, Expected::equal, what, nullptr, &actual) ||
           fail(fmt::format("{}: expected {}, got {}", what, expected.dump(-1, ' ', false, replace),
                            actual.dump(-1, ' ', false, replace)));
}

bool Probe::expect_keys(const Json& object, std::set<std::string> keys, std::string_view what,
                        Place place) {
    std::set<std::string> found;
    if (object.is_object()) {
        for (const auto& item : object.items()) {
            found.insert(item.key());
        }
    }
    if (note(object.is_object() && found == keys, place, Expected::keys, what, nullptr, &object)) {
        return true;
    }
    if (!object.is_object()) {
        return fail(fmt::format("{}: expected an object, got {}", what, object.type_name()));
    }
    std::vector<std::string> missing, extra;
    std::ranges::set_difference(keys, found, std::back_inserter(missing));
    std::ranges::set_difference(found, keys, std::back_inserter(extra));
    return fail(
        fmt::format("{}: keys missing {}, keys too many {}", what, quoted(missing), quoted(extra)));
}

void Probe::give_up(std::string text, Place place) {
    note(false, place, Expected::reached, text, nullptr);
    throw ScenarioEnded(redacted(std::move(text)));
}

std::string Probe::redacted(std::string text) const {
    return transport_.redactor().apply(std::move(text));
}

Task<std::vector<std::string>> Probe::finish() {
    auto problems = co_await ledger_.undo_all();
    for (auto& problem : problems) {
        problem = one_line(redacted(std::move(problem)));
    }
    co_return problems;
}

}  // namespace meshproof::run
