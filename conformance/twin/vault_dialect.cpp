#include "conformance/twin/vault_dialect.hpp"

#include <algorithm>

#include "core/base/answer.hpp"
#include "core/base/text.hpp"
#include "core/run/needed.hpp"
#include "core/run/sweep.hpp"
#include "core/vault/client.hpp"

namespace meshproof::twin {
namespace {

constexpr std::string_view auth_methods = "sys/auth/";

vault::Client admin_of(http::Transport& wire, const Side& side) {
    return {wire, {side.endpoint, side.token, side.namespace_name}};
}

/// Deletes, or revokes. What is gone already, or never came to be, is refused with any 4xx.
Task<Result<void>> take_away(vault::Client admin, Removal removal) {
    const auto answer =
        co_await admin.request(removal.method, removal.path,
                               removal.body.is_null() ? std::nullopt : std::optional(removal.body));
    if (!answer) {
        co_return propagate(answer);
    }
    constexpr int server_error = 500;
    if (answer->status >= server_error) {
        co_return fail(FailureKind::server, "{} {}", answer->status,
                       one_line(join(answer->errors(), "; ")));
    }
    co_return Result<void>{};
}

Task<Result<void>> take_auth_method_away(vault::Client admin, std::string mount) {
    const auto removed = co_await run::remove_auth_method(std::move(admin), std::move(mount));
    const bool gone = !removed && removed.error().status >= 400 && removed.error().status < 500;
    co_return gone ? Result<void>{} : removed;
}

Task<Json> ask_description(vault::Client admin, std::string pki, std::string auth,
                           std::string text) {
    (void)require(co_await admin.call("POST", "sys/mounts/" + pki,
                                      Json{{"type", "pki"}, {"description", text}}));
    (void)require(co_await admin.call("POST", "sys/auth/" + auth,
                                      Json{{"type", "kubernetes"}, {"description", text}}));
    auto told = require(co_await admin.call("GET", "sys/internal/specs/openapi"),
                        "the description of the real server");
    co_return std::move(told.json);
}

/// The text at one of the places; "" where it is none.
std::string text_at(const Json& answer, const char* place) {
    const Json::json_pointer at(place);
    return answer.contains(at) && answer.at(at).is_string() ? answer.at(at).get<std::string>()
                                                            : std::string();
}

}  // namespace

Task<Description> VaultDialect::describe(http::Transport& wire, Side side,
                                         run::RunMark mark) const {
    const auto admin = admin_of(wire, side);
    const auto pki = mark.name("twin-pki"), auth = mark.name("twin-kubernetes");
    run::Ledger ledger(mark);
    for (const auto& path : {"sys/mounts/" + pki, "sys/auth/" + auth}) {
        ledger.at_end(
            path, [admin, path] { return take_away(admin, {.method = "DELETE", .path = path}); });
    }
    Json document;
    std::exception_ptr problem;
    try {
        document = co_await ask_description(admin, pki, auth, mark.text());
    } catch (...) {
        problem = std::current_exception();
    }
    (void)co_await ledger.undo_all();  // the sweep of the run finds what is left
    if (problem) {
        std::rethrow_exception(problem);
    }
    ReadOptions options;
    options.mounts = {{pki, "{pki}"}, {"auth/" + auth, "auth/{kubernetes}"}};
    co_return require(read_description(document, options));
}

Task<std::string> VaultDialect::version(http::Transport& wire, Side side) const {
    const auto health = co_await admin_of(wire, side).health();
    co_return health ? health->version : std::string("of an unknown version");
}

Task<void> VaultDialect::settle(http::Transport& /*wire*/, Side /*side*/,
                                run::Ledger& /*ledger*/) const {
    co_return;  // stories mount what they need
}

Task<Secret> VaultDialect::begin(http::Transport& wire, Side side, run::Ledger& ledger) const {
    const auto admin = admin_of(wire, side);
    const Json wanted{{"ttl", "30m"}, {"display_name", "twin"}};
    const auto made = co_await admin.call("POST", "auth/token/create", wanted);
    const auto what = fmt::format("{}: a token for a story", side.name);
    const bool denied = !made && made.error().kind == FailureKind::denied;
    const auto reply =
        run::needed(made, what, denied ? "twin wants a root token: docs/target.md says why" : "");
    AnswerFields fields(reply.json, "POST auth/token/create");
    const auto accessor = fields.text("auth.accessor");
    const auto token = fields.text("auth.client_token");
    if (fields.problem()) {
        throw CannotGoOn(fields.problem()->during(what));
    }
    ledger.at_end(fmt::format("{}: the story's token", side.name), [admin, accessor] {
        return take_away(admin, {.method = "POST",
                                 .path = "auth/token/revoke-accessor",
                                 .body = {{"accessor", accessor}}});
    });
    co_return Secret(token);
}

void VaultDialect::address(http::Request& request, const Side& side, std::string_view token) const {
    request.headers.set("X-Vault-Request", "true");
    if (!token.empty()) {
        request.headers.set("X-Vault-Token", std::string(token));
    }
    if (!side.namespace_name.empty()) {
        request.headers.set("X-Vault-Namespace", side.namespace_name);
    }
}

std::vector<Removal> VaultDialect::promised(const Step& step, const std::string& path,
                                            const Json& body) const {
    const bool writes = step.method == "POST" || step.method == "PUT";
    if (!writes || path.ends_with("/tune")) {
        return {};
    }
    if (path == "identity/entity" || path == "identity/group") {
        const auto name = text_at(body, "/name");
        return name.empty() ? std::vector<Removal>{}
                            : std::vector<Removal>{{.method = "DELETE",
                                                    .path = fmt::format("{}/name/{}", path, name)}};
    }
    for (const std::string_view parent :
         {std::string_view("sys/mounts/"), auth_methods, std::string_view("auth/token/roles/"),
          std::string_view("identity/entity/name/"), std::string_view("identity/group/name/"),
          std::string_view("sys/quotas/rate-limit/"), std::string_view("sys/namespaces/")}) {
        if (path.starts_with(parent)) {
            return {{.method = "DELETE", .path = path}};
        }
    }
    for (const std::string_view parent :
         {"sys/policy/", "sys/policies/acl/", "sys/policies/detailed/acl/"}) {
        if (path.starts_with(parent)) {
            return {{.method = "DELETE", .path = "sys/policies/acl/" + path.substr(parent.size())}};
        }
    }
    return {};
}

std::vector<Removal> VaultDialect::told(const Step& step, const std::string& /*path*/,
                                        const Json& answer) const {
    std::vector<Removal> out;
    // A token of a child namespace ends with it; from outside nobody may revoke it.
    if (std::ranges::find(step.headers, "X-Vault-Namespace",
                          &std::pair<std::string, std::string>::first) != step.headers.end()) {
        return out;
    }
    for (const auto* place :
         {"/auth/accessor", "/wrap_info/accessor", "/wrap_info/wrapped_accessor"}) {
        if (const auto accessor = text_at(answer, place); !accessor.empty()) {
            out.push_back({.method = "POST",
                           .path = "auth/token/revoke-accessor",
                           .body = {{"accessor", accessor}}});
        }
    }
    if (!step.key.starts_with("POST identity/")) {
        return out;
    }
    // An alias without an entity makes one; its answer names both.
    const auto id = text_at(answer, "/data/id"), canonical = text_at(answer, "/data/canonical_id");
    const std::string kind = step.key.find("group") != std::string::npos ? "group" : "entity";
    if (!canonical.empty()) {
        out.push_back(
            {.method = "DELETE", .path = fmt::format("identity/{}/id/{}", kind, canonical)});
    }
    if (!id.empty()) {
        out.push_back({.method = "DELETE",
                       .path = fmt::format("identity/{}{}/id/{}", kind,
                                           canonical.empty() ? "" : "-alias", id)});
    }
    return out;
}

Task<Result<void>> VaultDialect::remove(http::Transport& wire, Side side, Removal removal) const {
    const auto admin = admin_of(wire, side);
    if (removal.path.starts_with(auth_methods)) {
        co_return co_await take_auth_method_away(admin, removal.path.substr(auth_methods.size()));
    }
    co_return co_await take_away(admin, std::move(removal));
}

Task<std::vector<std::string>> VaultDialect::sweep(http::Transport& wire, Side side,
                                                   std::string run_id) const {
    // The ledgers undid everything they knew of: what is found now was nobody's.
    const auto admin = admin_of(wire, side);
    std::vector<std::string> out;
    const auto swept = co_await run::sweep_vault(admin, {std::move(run_id), false});
    for (const auto& object : swept.found) {
        out.push_back(object.text() + ": was left by a story");
    }
    for (const auto& problem : swept.problems) {
        out.push_back(problem.text());
    }
    co_return out;
}

}  // namespace meshproof::twin
