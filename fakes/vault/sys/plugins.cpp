#include "fakes/vault/sys/plugins.hpp"

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/server/server.hpp"

/// What each product has built in: row 205. More than the fake can mount.
namespace meshproof::fakes::vault {

namespace {

constexpr std::array<std::string_view, 3> plugin_types = {"auth", "database", "secret"};

// Names, with "=VERSION" where it is not the product's own, and "!" where it is deprecated.
constexpr std::string_view openbao_auth = "approle cert jwt kubernetes oidc userpass";
constexpr std::string_view openbao_database =
    "cassandra-database-plugin influxdb-database-plugin mysql-aurora-database-plugin "
    "mysql-database-plugin mysql-legacy-database-plugin mysql-rds-database-plugin "
    "postgresql-database-plugin redis-database-plugin valkey-database-plugin";
constexpr std::string_view openbao_secret = "kubernetes kv pki rabbitmq ssh totp transit";
constexpr std::string_view vault_auth =
    "alicloud=v0.15.0 approle aws azure=v0.15.1 centrify=v0.15.1 cert cf=v0.15.0 gcp=v0.16.0 "
    "github jwt=v0.16.0 kerberos=v0.10.0 kubernetes=v0.16.0 ldap oci=v0.14.0 oidc okta pcf! "
    "radius userpass";
constexpr std::string_view vault_database =
    "cassandra-database-plugin couchbase-database-plugin=v0.9.2 "
    "elasticsearch-database-plugin=v0.13.2 hana-database-plugin influxdb-database-plugin "
    "mongodb-database-plugin mongodbatlas-database-plugin=v0.10.0 mssql-database-plugin "
    "mysql-aurora-database-plugin mysql-database-plugin mysql-legacy-database-plugin "
    "mysql-rds-database-plugin postgresql-database-plugin redis-database-plugin=v0.2.1 "
    "redis-elasticache-database-plugin=v0.2.1 redshift-database-plugin "
    "snowflake-database-plugin=v0.8.0";
constexpr std::string_view vault_secret =
    "ad=v0.16.0! alicloud=v0.15.0 aws azure=v0.16.1 consul gcp=v0.16.0 gcpkms=v0.15.0 "
    "kubernetes=v0.5.0 kv=v0.15.0 ldap mongodbatlas=v0.10.0 nomad openldap=v0.11.0 pki rabbitmq "
    "ssh terraform=v0.7.1 totp transit";

struct Plugin {
    std::string name, version;
    bool deprecated = false;
};

std::string_view names_of(const Server& server, std::string_view type) {
    if (type == "auth") {
        return server.openbao() ? openbao_auth : vault_auth;
    }
    if (type == "database") {
        return server.openbao() ? openbao_database : vault_database;
    }
    return server.openbao() ? openbao_secret : vault_secret;
}

std::vector<Plugin> plugins_of(const Server& server, std::string_view type) {
    const auto own = server.openbao() ? "v" + server.version() + "+builtin.bao"
                                      : "v" + server.version() + "+builtin.vault";
    std::vector<Plugin> plugins;
    for (auto word : split(names_of(server, type), ' ')) {
        Plugin plugin{{}, own, word.ends_with('!')};
        if (plugin.deprecated) {
            word.pop_back();
        }
        const auto sign = word.find('=');
        plugin.name = word.substr(0, sign);
        if (sign != std::string::npos) {
            plugin.version = word.substr(sign + 1) + "+builtin";
        }
        plugins.push_back(std::move(plugin));
    }
    return plugins;
}

const char* status_of(const Plugin& plugin) {
    return plugin.deprecated ? "deprecated" : "supported";
}

LogicalReply read_catalog(Server& server, const BuiltinCall&) {
    auto data = Json{{"detailed", Json::array()}};
    for (const auto type : plugin_types) {
        auto names = Json::array();
        for (const auto& plugin : plugins_of(server, type)) {
            names.push_back(plugin.name);
            data["detailed"].push_back(Json{{"builtin", true},
                                            {"deprecation_status", status_of(plugin)},
                                            {"name", plugin.name},
                                            {"type", type},
                                            {"version", plugin.version}});
        }
        data[std::string(type)] = std::move(names);
    }
    return BackendResponse::with(std::move(data));
}

// The type is in the path, but no name of the pattern's.
std::string type_in(const BuiltinCall& call) {
    return split(call.request.path, '/').at(3);
}

LogicalReply list_plugins(Server& server, const BuiltinCall& call) {
    std::vector<std::string> names;
    for (const auto& plugin : plugins_of(server, type_in(call))) {
        names.push_back(plugin.name);
    }
    return list_answer(names);
}

LogicalReply read_plugin(Server& server, const BuiltinCall& call) {
    const auto name = call.captured("name");
    const auto version = call.fields.text("version");
    for (const auto& plugin : plugins_of(server, type_in(call))) {
        if (plugin.name != name || (!version.empty() && version != plugin.version)) {
            continue;
        }
        auto data = Json{{"args", Json()},
                         {"builtin", true},
                         {"command", ""},
                         {"deprecation_status", status_of(plugin)},
                         {"name", plugin.name},
                         {"sha256", ""},
                         {"version", plugin.version}};
        if (server.openbao()) {
            data["declarative"] = data["oci"] = false;
        }
        return BackendResponse::with(std::move(data));
    }
    return BackendResponse::nothing();
}

LogicalReply read_untyped(Server&, const BuiltinCall& call) {
    return BackendResponse::with(
        Json(), {"Deprecated API endpoint, cannot read plugin information from catalog for " +
                 go_quoted(call.captured("name"))});
}

}  // namespace

std::vector<BuiltinRoute> plugin_routes() {
    using enum Operation;
    std::vector<BuiltinRoute> table = {{"plugins/catalog/?", {{read, read_catalog}}}};
    for (const auto type : plugin_types) {
        const auto place = "plugins/catalog/" + std::string(type) + "/";
        table.push_back({place + "?", {{list, list_plugins}}, {}, Needs::sudo});
        table.push_back({place + ":name+",
                         {{read, read_plugin}},
                         {{{"version", FieldType::text}}},
                         Needs::sudo});
    }
    table.push_back({"plugins/catalog/:name+", {{read, read_untyped}}, {}, Needs::sudo});
    return table;
}

}  // namespace meshproof::fakes::vault
