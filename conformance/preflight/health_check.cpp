#include "conformance/preflight/health_check.hpp"

#include <algorithm>
#include <array>

#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/program.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

using Item = HealthCheck::Item;

constexpr std::array<std::string_view, 7> statuses{
    "critical",        "warning", "informational", "insufficient_permissions",
    "invalid_version", "ok",      "not_applicable"};

std::vector<Item> worst_first(const std::vector<Item>& items) {
    std::vector<Item> sorted;
    for (const auto& status : statuses) {
        std::ranges::copy_if(items, std::back_inserter(sorted),
                             [&](const Item& item) { return item.status == status; });
    }
    std::ranges::copy_if(items, std::back_inserter(sorted), [](const Item& item) {
        return std::ranges::find(statuses, item.status) == statuses.end();
    });
    return sorted;
}

/// Of a mount with 36 things to say in the same words, one is told.
void add_result(std::vector<Item>& items, Item item) {
    const auto same = std::ranges::find_if(items, [&](const Item& one) {
        return one.id == item.id && one.status == item.status && one.object == item.object;
    });
    if (same == items.end()) {
        items.push_back(std::move(item));
    } else {
        ++same->more;
    }
}

/// What this shell says of a Vault is not the account's, and the program would mix the two.
std::map<std::string, std::string> environment_of(const run::Account& account,
                                                  std::string_view program) {
    auto variables = own_environment();
    std::erase_if(variables, [](const auto& one) {
        return one.first.starts_with("VAULT_") || one.first.starts_with("BAO_");
    });
    const std::string prefix = program == "bao" ? "BAO_" : "VAULT_";
    const auto& endpoint = account.vault.endpoint;
    variables[prefix + "ADDR"] = endpoint.url.origin();
    variables[prefix + "TOKEN"] = account.reader.reveal();
    if (!account.vault.namespace_name.empty()) {
        variables[prefix + "NAMESPACE"] = account.vault.namespace_name;
    }
    if (!endpoint.tls.trust.empty()) {
        variables[prefix + "CACERT_BYTES"] = crypto::to_pem(endpoint.tls.trust);
    }
    if (!endpoint.tls.server_name.empty()) {
        variables[prefix + "TLS_SERVER_NAME"] = endpoint.tls.server_name;
    }
    if (!endpoint.tls.verify_peer) {
        variables[prefix + "SKIP_VERIFY"] = "true";
    }
    variables[prefix + "MAX_RETRIES"] = "0";
    return variables;
}

/// Nobody knows what a program prints: the token is taken out of it.
void take_answer(HealthCheck& out, const ProgramEnd& end, const Secret& token) {
    constexpr int cannot = 1;  // 2 to 6 say the worst status of its results
    const auto command = out.program + " pki health-check";
    auto results = read_health_check(conceal(end.output, token));
    if (end.code == cannot || (end.code != 0 && !results)) {
        const auto words = conceal(std::string(trim(end.errors)), token);
        out.not_run = fmt::format("{}: exit code {}: {}", command, end.code,
                                  one_line(words.substr(0, words.find('\n'))));
    } else if (!results) {
        out.not_run = fmt::format("{}: {}", command, results.error().message);
    } else {
        out.results = std::move(*results);
    }
}

std::string why_not(const run::Account& account, const HealthCheckOptions& options) {
    if (account.reader.empty()) {
        return "there is no reader's token";  // it would take that of somebody's ~/.vault-token
    }
    if (options.limit <= Duration::zero()) {
        return "the look left no time for it";
    }
    return options.mount.empty() || options.mount.starts_with('-')
               ? "the account names no mount that a command line can name"
               : "";
}

}  // namespace

bool HealthCheck::Item::says_something() const {
    return status != "ok" && status != "not_applicable";
}

bool HealthCheck::Item::was_judged() const {
    return status != "insufficient_permissions" && status != "invalid_version";
}

Result<std::vector<Item>> read_health_check(std::string_view json) {
    const auto document = json_or_null(json);
    if (!document.is_object()) {
        return fail(FailureKind::malformed, "expected a JSON object of checks");
    }
    std::vector<Item> items;
    for (const auto& [check, results] : document.items()) {
        if (!results.is_array()) {
            return fail(FailureKind::malformed, "{}: expected a list", one_line(check));
        }
        for (const auto& result : results) {
            AnswerFields of(result, check);
            add_result(items, {.id = "health-check/" + one_line(check),
                               .status = one_line(of.text("status")),
                               .object = one_line(of.text_or_empty("endpoint")),
                               .message = one_line(of.text_or_empty("message"))});
            if (of.problem()) {
                return fail(FailureKind::malformed, "{}", of.problem()->message);
            }
        }
    }
    return worst_first(items);
}

HealthCheck ask_health_check(const run::Account& account, const HealthCheckOptions& options) {
    HealthCheck out;
    out.not_run = why_not(account, options);
    if (!out.not_run.empty()) {
        return out;
    }
    std::array<std::string, 2> programs{"bao", "vault"};
    if (!options.openbao) {
        std::ranges::reverse(programs);
    }
    for (const auto& program : programs) {
        const ProgramCall call{
            .words = {program, "pki", "health-check", "-format=json", options.mount},
            .environment = environment_of(account, program),
            .keep_errors = true};
        const auto end =
            run_program(call, std::chrono::duration_cast<std::chrono::milliseconds>(options.limit));
        if (end) {
            out.program = program;
            take_answer(out, *end, account.reader);
            return out;
        }
        if (end.error().kind != FailureKind::not_found) {
            out.program = program;
            out.not_run = end.error().message;
            return out;
        }
    }
    out.not_run = "neither bao nor vault is on PATH";
    return out;
}

}  // namespace meshproof::preflight
