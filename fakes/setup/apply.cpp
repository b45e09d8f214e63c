#include "core/base/answer.hpp"
#include "core/base/text.hpp"
#include "fakes/setup/setup.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;

/// Ten years: the fakes' date may be moved far ahead.
constexpr std::int64_t token_seconds = 315'360'000;

/// What every step needs. Lives as long as apply_setup() runs.
struct SettingUp {
    FakeServers& servers;
    StandIns& stand_ins;
    std::map<std::string, Json> answers{};  ///< `data` of what writes were answered, by their names
    std::vector<std::string> warnings{};
};

/// The server's own words about a refusal.
std::string words_of(const http::Response& response) {
    const auto body = Json::parse(response.body, nullptr, false);
    std::string text;
    if (body.is_object() && body.contains("errors") && body["errors"].is_array()) {
        for (const auto& error : body["errors"]) {
            text += text.empty() ? "" : ", ";
            text += error.is_string() ? error.get<std::string>() : error.dump();
        }
    } else if (body.is_object() && body.contains("message") && body["message"].is_string()) {
        text = body["message"].get<std::string>();
    }
    return one_line(text);
}

Failure refused_by(std::string_view server, const std::string& where, std::string_view method,
                   std::string_view path, const http::Response& response) {
    const auto words = words_of(response);
    return {FailureKind::invalid,
            fmt::format("{}: {} {}: the {} answers {}{}{}", where, method, path, server,
                        response.status, words.empty() ? "" : ": ", words),
            response.status,
            {}};
}

Task<http::Response> ask_kube(FakeServers& servers, std::string method, std::string path,
                              Json body) {
    http::Request request;
    request.method = std::move(method);
    request.target = std::move(path);
    request.headers = {{"Authorization", "Bearer " + servers.kube().options().admin_token.reveal()},
                       {"Accept", "application/json"}};
    if (!body.is_null()) {
        request.headers.set("Content-Type", request.method == "PATCH"
                                                ? "application/apply-patch+yaml"
                                                : "application/json");
        request.body = body.dump();
    }
    co_return co_await servers.kube().handle(std::move(request), {"127.0.0.1", std::nullopt});
}

/// The path of an object, by what the API server says of its kind.
Task<Result<std::string>> path_of(FakeServers& servers, const SetupObject& object) {
    const auto& manifest = object.manifest;
    const auto version = manifest["apiVersion"].get<std::string>();
    const auto kind = manifest["kind"].get<std::string>();
    const auto base = (version.find('/') == std::string::npos ? "/api/" : "/apis/") + version;
    const auto answer = co_await ask_kube(servers, "GET", base, Json());
    const auto list = Json::parse(answer.body, nullptr, false);
    if (answer.status != 200 || !list.is_object() || !list.contains("resources")) {
        co_return fail(FailureKind::invalid, "{}: the API server has no apiVersion {}",
                       object.where, version);
    }
    std::vector<std::string> known;
    for (const auto& resource : list["resources"]) {
        const auto plural = resource.value("name", "");
        if (plural.find('/') != std::string::npos) {
            continue;  // a part of one
        }
        known.push_back(resource.value("kind", ""));
        if (known.back() != kind) {
            continue;
        }
        const auto& metadata = manifest["metadata"];
        const auto named = metadata.value("namespace", Json("default"));
        if (!named.is_string()) {
            co_return fail(FailureKind::invalid, "{}: metadata.namespace: expected a text",
                           object.where);
        }
        const auto space = resource.value("namespaced", false)
                               ? "/namespaces/" + named.get<std::string>()
                               : std::string();
        co_return fmt::format("{}{}/{}/{}", base, space, plural,
                              metadata["name"].get<std::string>());
    }
    co_return fail(FailureKind::invalid, "{}: the API server has no kind {} in {}: {}",
                   object.where, kind, version, suggestion(kind, known));
}

Task<Result<void>> apply_object(FakeServers& servers, SetupObject object) {
    const auto path = co_await path_of(servers, object);
    if (!path) {
        co_return propagate(path);
    }
    if (object.remove) {
        const auto gone = co_await ask_kube(servers, "DELETE", *path, Json());
        if (gone.status >= 300) {
            co_return tl::unexpected(refused_by("API server", object.where, "delete", *path, gone));
        }
        co_return Result<void>();
    }
    const auto answer =
        co_await ask_kube(servers, "PATCH", *path + "?fieldManager=meshproof-setup&force=true",
                          std::move(object.manifest));
    if (answer.status >= 300) {
        co_return tl::unexpected(refused_by("API server", object.where, "apply", *path, answer));
    }
    co_return Result<void>();
}

Task<Result<Json>> token_of(FakeServers& servers, std::string account) {
    const auto slash = account.find('/');
    const auto path = fmt::format("/api/v1/namespaces/{}/serviceaccounts/{}/token",
                                  account.substr(0, slash), account.substr(slash + 1));
    const auto answer = co_await ask_kube(servers, "POST", path,
                                          {{"apiVersion", "authentication.k8s.io/v1"},
                                           {"kind", "TokenRequest"},
                                           {"spec", {{"expirationSeconds", token_seconds}}}});
    const auto body = Json::parse(answer.body, nullptr, false);
    if (answer.status >= 300) {
        co_return tl::unexpected(
            refused_by("API server", "$(TOKEN " + account + ")", "POST", path, answer));
    }
    co_return body.at("status").at("token");
}

/// What the words of a reference stand for.
Task<Result<Json>> referred(SettingUp& work, std::string words) {
    if (words == "KUBE_ADDRESS") {
        co_return Json(work.servers.kube_listener().url().text());
    }
    if (words == "KUBE_CA") {
        co_return Json(work.servers.ca().pem());
    }
    if (words.starts_with("TOKEN ")) {
        co_return co_await token_of(work.servers, words.substr(6));
    }
    const auto dot = words.find('.');
    const auto& data = work.answers[words.substr(0, dot)];
    const auto field = words.substr(dot + 1);
    if (!data.is_object() || !data.contains(field)) {
        std::vector<std::string> known;
        for (const auto& [name, value] : data.items()) {
            known.push_back(name);
        }
        co_return fail(FailureKind::invalid, "$({}): the answer has no such field: {}", words,
                       suggestion(field, known));
    }
    co_return data[field];
}

/// The data with everything that it refers to.
Task<Result<Json>> complete(SettingUp& work, Json data) {
    if (data.is_string()) {
        const auto words = std::string(reference_in(data.get_ref<const std::string&>()));
        if (!words.empty()) {
            co_return co_await referred(work, words);
        }
    }
    if (data.is_structured()) {
        for (auto& item : data) {
            auto value = co_await complete(work, std::move(item));
            if (!value) {
                co_return propagate(value);
            }
            item = std::move(*value);
        }
    }
    co_return data;
}

/// Those that speak of the request: what it named was ignored, or replaced. Others are advice about
/// a CA for good, which this is not.
void note_warnings(SettingUp& work, const SetupWrite& write, const Json& body) {
    if (!body.is_object() || !body.contains("warnings") || !body["warnings"].is_array()) {
        return;
    }
    for (const auto& warning : body["warnings"]) {
        const auto text = warning.is_string() ? warning.get<std::string>() : std::string();
        if (text.starts_with("Endpoint ")) {
            work.warnings.push_back(
                fmt::format("{}: write {}: {}", write.where, write.path, one_line(text)));
        }
    }
}

Task<Result<void>> apply_write(SettingUp& work, SetupWrite write) {
    const auto data = co_await complete(work, std::move(write.data));
    if (!data) {
        co_return propagate(data, write.where);
    }
    auto& vault = work.servers.vault();
    http::Request request;
    request.method = write.method;
    request.target = "/v1/" + write.path;
    request.headers = {{"X-Vault-Token", vault.root_token().reveal()},
                       {"Content-Type", write.method == "PATCH" ? "application/merge-patch+json"
                                                                : "application/json"}};
    if (!write.space.empty()) {
        request.headers.set("X-Vault-Namespace", write.space);
    }
    if (write.method != "DELETE") {
        request.body = data->dump();
    }
    const auto answer = co_await vault.handle(std::move(request), {"127.0.0.1", std::nullopt});
    if (answer.status >= 300) {
        co_return tl::unexpected(refused_by("Vault", write.where,
                                            write.method == "POST" ? "write" : lower(write.method),
                                            write.path, answer));
    }
    const auto body = Json::parse(answer.body, nullptr, false);
    note_warnings(work, write, body);
    if (!write.as.empty()) {
        work.answers[write.as] = body.is_object() ? body.value("data", Json()) : Json();
    }
    co_return Result<void>();
}

/// Imports a stand-in of the issuer, and writes what the issuer shall be. Its answer is the
/// issuer's, so that roles can refer to its `issuer_id`.
Task<Result<void>> apply_issuer(SettingUp& work, SetupWrite write) {
    const auto& [original, has_key, is_default] = *write.issuer;
    work.stand_ins.know(original);
    const auto& own = original.front();
    auto pem = work.stand_ins.of(own).pem();
    if (has_key) {
        pem += work.stand_ins.key_of(own.public_key()).pkcs8_pem();
    }
    SetupWrite step{write.where,
                    write.space,
                    write.path + "/issuers/import/bundle",
                    "the import",
                    {{"pem_bundle", pem}}};
    if (auto done = co_await apply_write(work, step); !done) {
        co_return done;
    }
    const auto& imported = work.answers["the import"];
    std::string id;
    for (const auto* member : {"imported_issuers", "existing_issuers"}) {
        if (imported.contains(member) && imported[member].is_array() && !imported[member].empty() &&
            id.empty()) {
            id = imported[member].at(0).get<std::string>();
        }
    }
    // A patch: a write would set what is not said to what a new issuer has.
    step = {write.where, write.space,           fmt::format("{}/issuer/{}", write.path, id),
            write.as,    std::move(write.data), "PATCH"};
    if (auto done = co_await apply_write(work, step); !done || !is_default) {
        co_return done;
    }
    step = {write.where, write.space, write.path + "/config/issuers", "", {{"default", id}}};
    co_return co_await apply_write(work, step);
}

Result<void> fits(const std::optional<vault::Product>& wanted, FakeServers& servers) {
    const auto product = servers.vault().options().product;
    if (!wanted || *wanted == product) {
        return {};
    }
    return fail(FailureKind::invalid, "the set-up is for {} and this is {}: --product {} plays it",
                to_string(*wanted), to_string(product), to_string(*wanted));
}

}  // namespace

Task<Result<std::vector<std::string>>> apply_setup(Setup setup, FakeServers& servers,
                                                   StandIns* stand_ins) {
    if (const auto fitting = fits(setup.product, servers); !fitting) {
        co_return propagate(fitting);
    }
    for (auto& object : setup.objects) {
        if (const auto done = co_await apply_object(servers, std::move(object)); !done) {
            co_return propagate(done);
        }
    }
    StandIns own;
    SettingUp work{servers, stand_ins == nullptr ? own : *stand_ins};
    for (auto& write : setup.writes) {
        const auto done = write.issuer ? co_await apply_issuer(work, std::move(write))
                                       : co_await apply_write(work, std::move(write));
        if (!done) {
            co_return propagate(done);
        }
    }
    co_return std::move(work.warnings);
}

}  // namespace meshproof::fakes
