// The products' own health check, played by scripts on PATH: how it is asked, and what is shown.
#include "conformance/preflight/health_check.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "conformance/preflight/report.hpp"
#include "core/base/json_text.hpp"
#include "core/base/tests/temporary_folder.hpp"
#include "core/base/text.hpp"

namespace meshproof::preflight {
namespace {

constexpr std::string_view health_token = "s.tokenThatNobodyMaySee0123";

/// As OpenBao 2.7.2 prints it, shortened.
constexpr std::string_view health_answer = R"({
  "audit_visibility": [
    {"status_code": 2, "status": "informational", "endpoint": "/sys/mounts/pki/tune", "message": "HMACs csr"},
    {"status_code": 2, "status": "informational", "endpoint": "/sys/mounts/pki/tune", "message": "HMACs ttl"}],
  "crl_validity_period": [
    {"status_code": 1, "status": "ok", "endpoint": "/pki/issuer/1/crl", "message": "CRL's validity is OK."}],
  "enable_acme_issuance": [
    {"status_code": 6, "status": "insufficient_permissions", "endpoint": "/pki/config/acme", "message": "lacks"}],
  "role_allows_localhost": [],
  "tidy_last_run": [
    {"status_code": 4, "status": "critical", "endpoint": "/pki/tidy-status", "message": "Tidy | hasn't\nrun"}]
})";

/// A PATH on which programs of a folder come first; with `alone`, nothing else is.
class Programs {
  public:
    Programs() : path_(std::getenv("PATH")) { set(folder_.path() + ":" + path_); }
    ~Programs() { set(path_); }
    Programs(const Programs&) = delete;
    Programs& operator=(const Programs&) = delete;

    void add(const std::string& name, const std::string& script) const {
        const auto file = folder_.write(name, "#!/bin/sh\n" + script + "\n");
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    }
    void alone() const { set(folder_.path()); }
    [[nodiscard]] std::string written(const std::string& name) const {
        return read_file(folder_.path() + "/" + name).value_or("");
    }
    [[nodiscard]] const std::string& folder() const { return folder_.path(); }

  private:
    static void set(const std::string& path) { ::setenv("PATH", path.c_str(), 1); }

    TemporaryFolder folder_;
    std::string path_;
};

run::Account account_with(std::string reader) {
    run::Account account;
    account.vault.endpoint.url = http::Url::parse("https://vault.example:8200").value();
    account.vault.endpoint.tls.server_name = "vault-0";
    account.vault.namespace_name = "mesh";
    account.reader = Secret(std::move(reader));
    return account;
}

HealthCheck ask_health(HealthCheckOptions options = {.openbao = true, .mount = "pki"}) {
    return ask_health_check(account_with(std::string(health_token)), options);
}

std::string printing(std::string_view text) {
    return fmt::format("cat <<'END'\n{}\nEND", text);
}

TEST(HealthCheck, GetsTheAccountByItsEnvironmentAlone) {
    const Programs programs;
    programs.add("bao", fmt::format("echo \"$*\" >{0}/words; env | grep -e ^BAO_ -e ^VAULT_ | sort "
                                    ">{0}/variables\n{1}\nexit 4",
                                    programs.folder(), printing(health_answer)));
    ::setenv("VAULT_TOKEN", "of-the-shell", 1);
    ::setenv("BAO_CLIENT_CERT", "of-the-shell", 1);
    const auto check = ask_health();
    ::unsetenv("VAULT_TOKEN");
    ::unsetenv("BAO_CLIENT_CERT");
    EXPECT_EQ(check.not_run, "");
    EXPECT_EQ(check.program, "bao");
    EXPECT_EQ(programs.written("words"), "pki health-check -format=json pki\n");
    EXPECT_EQ(programs.written("variables"),
              fmt::format("BAO_ADDR=https://vault.example:8200\nBAO_MAX_RETRIES=0\n"
                          "BAO_NAMESPACE=mesh\nBAO_TLS_SERVER_NAME=vault-0\nBAO_TOKEN={}\n",
                          health_token));
}

TEST(HealthCheck, ResultsHaveTheirOwnIdsTheWorstFirst) {
    const auto results = read_health_check(health_answer);
    ASSERT_TRUE(results) << results.error().message;
    ASSERT_EQ(results->size(), 4U);
    EXPECT_EQ((*results)[0].id, "health-check/tidy_last_run");
    EXPECT_EQ((*results)[0].status, "critical");
    EXPECT_EQ((*results)[0].message, "Tidy | hasn't run");
    EXPECT_EQ((*results)[1].id, "health-check/audit_visibility");
    EXPECT_EQ((*results)[1].more, 1U);
    EXPECT_EQ((*results)[3].status, "ok");
    EXPECT_FALSE(read_health_check("[]"));
    EXPECT_FALSE(read_health_check("{\"a\": {}}"));
    EXPECT_FALSE(read_health_check("{\"a\": [{\"status\": 1}]}"));
}

TEST(HealthCheck, TheProductsOwnProgramIsAskedOrTheOther) {
    const Programs programs;
    programs.add("bao", printing("{}"));
    programs.add("vault", printing("{}"));
    EXPECT_EQ(ask_health({.openbao = false, .mount = "pki"}).program, "vault");
    EXPECT_EQ(ask_health().program, "bao");
    const Programs others;
    others.add("vault", "echo '{}'");
    others.alone();
    EXPECT_EQ(ask_health().program, "vault");
}

TEST(HealthCheck, SaysWhyItSaysNothing) {
    const Programs programs;
    programs.alone();
    EXPECT_EQ(ask_health().not_run, "neither bao nor vault is on PATH");
    programs.add("bao",
                 fmt::format("echo 'no mount for {}' >&2; echo more >&2; exit 1", health_token));
    EXPECT_EQ(ask_health().not_run, "bao pki health-check: exit code 1: no mount for [secret]");
    programs.add("bao", "echo nonsense");
    EXPECT_EQ(ask_health().not_run, "bao pki health-check: expected a JSON object of checks");
    programs.add("bao", "while :; do :; done");
    EXPECT_EQ(ask_health({.openbao = true, .mount = "pki", .limit = std::chrono::milliseconds(1)})
                  .not_run,
              "bao: it did not end in 1 s, or said too much");
    EXPECT_EQ(ask_health({.openbao = true, .mount = "pki", .limit = Duration::zero()}).not_run,
              "the look left no time for it");
    EXPECT_EQ(ask_health_check(account_with(""), {.openbao = true, .mount = "pki"}).not_run,
              "there is no reader's token");
    EXPECT_NE(ask_health({.openbao = true, .mount = "-address=elsewhere"}).not_run, "");
}

TEST(HealthCheck, IsShownInEveryFormatAndDecidesNothing) {
    Report report;
    report.health_check = HealthCheck{.program = "bao", .not_run = {}, .results = {}};
    report.health_check->results = read_health_check(health_answer).value();
    EXPECT_EQ(exit_code(report), 0);

    const auto text = join(to_text(report, /*all=*/false), "\n");
    EXPECT_NE(text.find("critical health-check/tidy_last_run at /pki/tidy-status: Tidy"),
              std::string::npos);
    EXPECT_NE(text.find("HMACs csr (and 1 more)"), std::string::npos);
    EXPECT_EQ(text.find("crl_validity_period"), std::string::npos);
    EXPECT_NE(join(to_text(report, /*all=*/true), "\n").find("crl_validity_period"),
              std::string::npos);

    const auto json = json_or_null(to_json(report));
    EXPECT_EQ(json["health_check"]["program"], "bao");
    EXPECT_EQ(json["health_check"]["results"][1]["more"], 1);
    EXPECT_EQ(json["counts"]["error"], 0);

    const auto junit = to_junit(report);
    EXPECT_NE(junit.find("tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"1\""),
              std::string::npos);
    EXPECT_NE(to_markdown(report).find("| critical | health-check/tidy\\_last\\_run |"),
              std::string::npos);
    report.health_check->not_run = "neither is there";
    EXPECT_NE(join(to_text(report, false), "\n").find("health-check says nothing: neither"),
              std::string::npos);
}

}  // namespace
}  // namespace meshproof::preflight
