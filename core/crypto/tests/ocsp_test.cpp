#include "core/crypto/ocsp.hpp"

#include <gtest/gtest.h>

#include "core/crypto/tests/fixtures.hpp"

namespace meshproof::crypto {
namespace {

using namespace fixtures;

const Bytes serial = {0x07, 0x42, 0x99};

TEST(Ocsp, RequestsAreReadAsTheyWereMade) {
    const Pki pki;
    for (const auto* digest : {"sha1", "sha256", "sha384", "sha512"}) {
        const auto id = OcspCertId::of(pki.intermediate.certificate, serial, digest);
        EXPECT_EQ(require(parse_ocsp_request(ocsp_request_der(id))), id);
        EXPECT_TRUE(id.issued_by(pki.intermediate.certificate));
        EXPECT_FALSE(id.issued_by(pki.root.certificate));
    }
}

TEST(Ocsp, BadRequestsAreRefused) {
    const Pki pki;
    const auto good = ocsp_request_der(OcspCertId::of(pki.root.certificate, serial));
    EXPECT_FALSE(parse_ocsp_request(""));
    EXPECT_FALSE(parse_ocsp_request("garbage"));
    EXPECT_FALSE(parse_ocsp_request(good + "x"));
    EXPECT_FALSE(parse_ocsp_request(good.substr(0, good.size() - 1)));
}

TEST(Ocsp, AResponseSaysWhatTheStatementSays) {
    const Pki pki;
    OcspStatement statement;
    statement.id = OcspCertId::of(pki.intermediate.certificate, serial, "sha256");
    statement.status = CertificateStatus::revoked;
    statement.revoked_at = now - 1h;
    statement.this_update = statement.produced_at = now;
    statement.next_update = now + 12h;
    const auto der =
        make_ocsp_response(statement, pki.intermediate.certificate, pki.intermediate.key);
    const auto response = require(OcspResponse::from_der(der));
    ASSERT_EQ(response.status, 0);
    ASSERT_TRUE(response.statement);
    const auto& read = *response.statement;
    EXPECT_EQ(read.id, statement.id);
    EXPECT_EQ(read.status, CertificateStatus::revoked);
    EXPECT_EQ(read.revoked_at, statement.revoked_at);
    EXPECT_EQ(read.reason, std::nullopt);
    EXPECT_EQ(read.this_update, now);
    EXPECT_EQ(read.produced_at, now);  // not the machine's time
    EXPECT_EQ(read.next_update, now + 12h);
    EXPECT_TRUE(read.by_name);
    EXPECT_FALSE(read.certificates);
    EXPECT_FALSE(read.extensions);
    EXPECT_TRUE(response.signed_by(pki.intermediate.certificate));
    EXPECT_FALSE(response.signed_by(pki.root.certificate));
    EXPECT_FALSE(response.signed_by(Pki().intermediate.certificate));
}

TEST(Ocsp, GoodAndUnknownHaveNoTime) {
    const Pki pki;
    for (const auto status : {CertificateStatus::good, CertificateStatus::unknown}) {
        OcspStatement statement;
        statement.id = OcspCertId::of(pki.root.certificate, serial);
        statement.status = status;
        statement.this_update = statement.produced_at = now;
        const auto der = make_ocsp_response(statement, pki.root.certificate, pki.root.key);
        const auto read = require(OcspResponse::from_der(der)).statement.value();
        EXPECT_EQ(read.status, status);
        EXPECT_EQ(read.revoked_at, std::nullopt);
        EXPECT_EQ(read.next_update, std::nullopt);
    }
}

TEST(Ocsp, FailuresCarryNothingElse) {
    for (const int status : {1, 2, 6}) {
        const auto response = require(OcspResponse::from_der(make_ocsp_failure(status)));
        EXPECT_EQ(response.status, status);
        EXPECT_FALSE(response.statement);
        EXPECT_FALSE(response.signed_by(Pki().root.certificate));
    }
    EXPECT_FALSE(OcspResponse::from_der("{}"));
}

}  // namespace
}  // namespace meshproof::crypto
