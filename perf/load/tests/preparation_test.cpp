// What is said, and what is refused, before anything is made.
#include <gtest/gtest.h>

#include "perf/load/text.hpp"

namespace meshproof::load {
namespace {

using namespace std::chrono_literals;

run::Survey vault_of(std::string version) {
    run::Survey found;
    found.vaults.resize(1);
    found.vaults.front().version = std::move(version);
    return found;
}

Footprint print_of(const Options& options, std::size_t transactions) {
    return footprint_of(options, transactions, run::RunMark("k3f9a2"));
}

std::string refusal(std::string version, Options options, std::size_t transactions) {
    return over_the_bill(options, print_of(options, transactions), vault_of(std::move(version)));
}

TEST(Bill, IsCappedOnVaultEnterpriseAlone) {
    EXPECT_EQ(refusal("1.19.0", {}, 100'000), "");
    EXPECT_EQ(refusal("1.19.0+ent", {}, 10'000), "");
    EXPECT_NE(refusal("1.19.0+ent", {}, 10'001).find("up to 10001 certificates"),
              std::string::npos);
    EXPECT_NE(refusal("1.19.0+ent.hsm", {}, 10'001), "");
}

TEST(Bill, IsRaisedByItsOptions) {
    Options options;
    options.billed_certificates = 20'000;
    EXPECT_EQ(refusal("1.19.0+ent", options, 20'000), "");
    options.accounts = 101;
    EXPECT_NE(refusal("1.19.0+ent", options, 20'000).find("101 clients"), std::string::npos);
    options.billed_clients = 101;
    EXPECT_EQ(refusal("1.19.0+ent", options, 20'000), "");
}

TEST(Bill, CountsNoCertificatesOfLogins) {
    Options options;
    options.profile = Profile::login;
    EXPECT_EQ(refusal("1.19.0+ent", options, 100'000), "");
}

std::string inline_refusal(run::Product product, std::string version) {
    auto found = vault_of(std::move(version));
    found.vaults.front().product = product;
    found.vaults.front().where = "https://vault:8200";
    return no_inline_logins(found);
}

TEST(InlineLogins, AreOfOpenBaoFromTwoFourOn) {
    for (const auto* version : {"2.4.0", "2.7.2", "2.10.1", "3.0.0", "2.4.0-beta20250901"}) {
        EXPECT_EQ(inline_refusal(run::Product::openbao, version), "") << version;
    }
    for (const auto* version : {"2.3.2", "2.0.0", "1.14.1", ""}) {
        EXPECT_NE(inline_refusal(run::Product::openbao, version), "") << version;
    }
    EXPECT_EQ(inline_refusal(run::Product::vault, "1.14.1"),
              "vault 1.14.1 at https://vault:8200 takes no logins inside requests: OpenBao 2.4 and "
              "later do");
    EXPECT_EQ(no_inline_logins({}), "");
}

bool warns_of(std::string_view words, const Options& options, std::size_t transactions,
              std::string version = "1.19.0") {
    for (const auto& line :
         plan_lines(options, print_of(options, transactions), vault_of(std::move(version)))) {
        if (line.starts_with("warning: ") && line.find(words) != std::string::npos) {
            return true;
        }
    }
    return false;
}

TEST(Plan, WarnsBeforeStorageIsFilled) {
    Options options;
    EXPECT_FALSE(warns_of("stored", options, 50'000));
    EXPECT_TRUE(warns_of("stored", options, 50'001));
    options.storage = Storage::no_store;
    EXPECT_FALSE(warns_of("stored", options, 50'001));
}

TEST(Plan, SaysWhatIsBilled) {
    EXPECT_TRUE(warns_of("up to 1,000 certificates and 1 client", {}, 1000, "1.19.0+ent"));
    EXPECT_FALSE(warns_of("bills", {}, 1000));
}

}  // namespace
}  // namespace meshproof::load
