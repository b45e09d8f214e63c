// One report in every format, and the page that lists the findings.
#include "conformance/preflight/report.hpp"

#include <gtest/gtest.h>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/html/tests/well_formed.hpp"

namespace meshproof::preflight {
namespace {

Report report_of(std::string evidence) {
    Report report;
    report.account = "prod <&> \"mesh\"";
    report.file = "account.yaml";
    report.vault = "openbao 2.7.2 at https://vault:8200";
    report.found.push_back({.rule = find_rule("role/key-type"),
                            .object = "pki_int/roles/mesh",
                            .evidence = std::move(evidence),
                            .line = 8,
                            .bao = {"bao patch pki_int/roles/mesh key_type=ec"},
                            .vault = {"vault patch pki_int/roles/mesh key_type=ec"},
                            .accepted = {}});
    report.found.push_back({.rule = find_rule("role/stored"),
                            .object = "pki_int/roles/mesh",
                            .evidence = "no_store is false",
                            .line = 0,
                            .bao = {},
                            .vault = {},
                            .accepted = {}});
    report.unknown.push_back({find_rule("ca/none"), "the reader's token lacks a <right>"});
    report.held.push_back(find_rule("vault/sealed"));
    return report;
}

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(PreflightReport, TextNamesTheObjectTheLineAndTheCommand) {
    const auto text = join(to_text(report_of("key_type is rsa"), false), "\n");
    EXPECT_TRUE(holds(text, "error   role/key-type: "));
    EXPECT_TRUE(holds(text, "at pki_int/roles/mesh (account.yaml:8)"));
    EXPECT_TRUE(holds(text, "\nbao patch pki_int/roles/mesh key_type=ec\n"));
    EXPECT_TRUE(holds(text, "1 error, 0 warnings, 1 advice"));
    EXPECT_FALSE(holds(text, "holds   vault/sealed"));
    EXPECT_TRUE(holds(join(to_text(report_of(""), true), "\n"), "holds   vault/sealed"));
}

TEST(PreflightReport, TextCountsWhatWouldFillTheScreen) {
    auto report = report_of("key_type is rsa");
    report.unknown.clear();
    constexpr std::size_t many = 90;
    for (std::size_t i = 0; i < many; ++i) {
        report.unknown.push_back({find_rule("ca/none"), "it was not asked"});
    }
    const auto text = join(to_text(report, false), "\n");
    EXPECT_TRUE(holds(text, "unknown, since it was not asked: 90 rules"));
    EXPECT_FALSE(holds(text, "ca/none, ca/none"));
    EXPECT_TRUE(holds(join(to_text(report, true), "\n"), "ca/none, ca/none"));
}

TEST(PreflightReport, JsonHasAllOfIt) {
    const auto json = json_or_null(to_json(report_of("key_type is rsa")));
    ASSERT_TRUE(json.is_object());
    EXPECT_EQ(json["schema"], "meshproof.preflight/v1");
    EXPECT_EQ(json["exit_code"], 1);
    EXPECT_EQ(json["counts"]["error"], 1);
    ASSERT_EQ(json["findings"].size(), 2U);
    EXPECT_EQ(json["findings"][0]["id"], "role/key-type");
    EXPECT_EQ(json["findings"][0]["line"], 8);
    EXPECT_EQ(json["findings"][0]["mend"]["vault"][0],
              "vault patch pki_int/roles/mesh key_type=ec");
    EXPECT_EQ(json["unknown"][0]["id"], "ca/none");
    EXPECT_EQ(json["unknown"][0]["severity"], "error");
    EXPECT_EQ(json["held"][0], "vault/sealed");
}

TEST(PreflightReport, SarifHasARuleAPlaceAndAFingerprintForEachResult) {
    const auto json = json_or_null(to_sarif(report_of("key_type is rsa")));
    ASSERT_TRUE(json.is_object());
    EXPECT_EQ(json["version"], "2.1.0");
    const auto& run = json["runs"][0];
    ASSERT_EQ(run["results"].size(), 2U);
    for (const auto& result : run["results"]) {
        const auto index = result["ruleIndex"].get<std::size_t>();
        EXPECT_EQ(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        const auto& place = result["locations"][0]["physicalLocation"];
        EXPECT_EQ(place["artifactLocation"]["uri"], "account.yaml");
        EXPECT_GE(place["region"]["startLine"], 1);
        EXPECT_FALSE(result["partialFingerprints"].empty());
        EXPECT_EQ(result["fingerprints"], result["partialFingerprints"]);
    }
    EXPECT_EQ(run["results"][0]["level"], "error");
    EXPECT_EQ(run["results"][1]["level"], "note");
}

TEST(PreflightReport, SarifNamesAnyFileByAUri) {
    auto report = report_of("");
    report.file = "my mesh/50%.yaml";
    const auto json = json_or_null(to_sarif(report));
    const auto& place = json["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    EXPECT_EQ(place["artifactLocation"]["uri"], "my%20mesh/50%25.yaml");
}

TEST(PreflightReport, AFingerprintIsOfTheFindingAndNotOfWhatWasSeen) {
    EXPECT_EQ(report_of("a").found[0].fingerprint(), report_of("b").found[0].fingerprint());
    EXPECT_NE(report_of("a").found[0].fingerprint(), report_of("a").found[1].fingerprint());
}

TEST(PreflightReport, JunitIsXmlWhateverAServerSaid) {
    const auto xml = to_junit(report_of("<script>\x01 \xff & \"x\""));
    EXPECT_FALSE(holds(xml, "<script>"));
    EXPECT_FALSE(holds(xml, "\x01"));
    EXPECT_FALSE(holds(xml, "\xff"));
    EXPECT_TRUE(holds(xml, "tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    EXPECT_TRUE(holds(xml, "<failure type=\"error\""));
    EXPECT_TRUE(holds(xml, "name=\"vault/sealed\"/>"));
}

TEST(PreflightReport, MarkdownBeginsWithTheVerdictAndKeepsItsForm) {
    const auto text = to_markdown(report_of("a|b `c` <b>"));
    EXPECT_TRUE(text.starts_with("# Preflight fails: "));
    EXPECT_TRUE(holds(text.substr(0, text.find('\n')), "does not get its leaves"));
    EXPECT_TRUE(holds(text, "a\\|b \\`c\\` \\<b>"));
    EXPECT_TRUE(holds(to_markdown(report_of("a\\|b")), "a\\\\\\|b"));
    auto report = report_of("");
    report.found.clear();
    EXPECT_TRUE(to_markdown(report).starts_with("# Preflight passes: nothing is wrong ("));
    report.unreachable = true;
    EXPECT_TRUE(
        to_markdown(report).starts_with("# Preflight is blocked: the Vault did not answer"));
}

TEST(PreflightReport, MarkdownIsNotBrokenByACommandNorTooLargeForASummary) {
    auto report = report_of("key_type is rsa");
    report.found[0].bao = {"bao policy write a - <<'EOF'\n```\n# no heading\nEOF"};
    EXPECT_TRUE(holds(to_markdown(report), "\n````sh\nbao policy write a"));
    report.found[0].bao = {std::string(2'000'000, 'x')};
    const auto text = to_markdown(report);
    EXPECT_LT(text.size(), 1'000'000U);
    EXPECT_TRUE(holds(text, "role/key-type"));
}

TEST(PreflightReport, PageHasTheVerdictFirstAndTheCommandsToCopy) {
    const auto page = to_html(report_of("key_type is <b>rsa</b>"));
    EXPECT_EQ(html::page_offence(page), "");
    for (const auto* part : {
             "<header class=\"fail\">\n<h1>Preflight: this mesh does not get its leaves",
             "<title>Preflight of prod &lt;&amp;&gt; &quot;mesh&quot;: 1 error</title>",
             "<dd>prod &lt;&amp;&gt; &quot;mesh&quot;</dd>",
             "<code>role/key-type</code>",
             "pki_int/roles/mesh (account.yaml:8)",
             "key_type is &lt;b&gt;rsa&lt;/b&gt;",
             "<code>vault patch pki_int/roles/mesh key_type=ec</code> <button",
             "<summary>The same with bao</summary>",
             "the reader&#39;s token lacks a &lt;right&gt;",
             "Rules that hold: 1",
         }) {
        EXPECT_TRUE(holds(page, part)) << part;
    }
    EXPECT_LT(page.find("role/key-type"), page.find("vault/sealed"));
    Report well;
    EXPECT_TRUE(holds(to_html(well), "<header class=\"pass\">\n<h1>Preflight: nothing is wrong"));
    well.unreachable = true;
    EXPECT_TRUE(holds(to_html(well), "<header class=\"blocked\">"));
}

TEST(PreflightReport, TheErrorsOfAWaitAreOneLine) {
    EXPECT_EQ(errors_line(report_of("")), "1 error (role/key-type)");
}

TEST(PreflightReport, ThePageListsEveryFindingAsTheRulesSay) {
    const auto page = read_file("docs/preflight.md");
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_TRUE(page->ends_with(findings_markdown()))
        << "write docs/preflight.md anew, by meshproof preflight --list";
}

}  // namespace
}  // namespace meshproof::preflight
