// Many at once.
#include "conformance/steps.hpp"
#include "core/crypto/crl.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::conformance {
namespace {

constexpr std::size_t many = 12;

Task<void> sign_one(Probe& probe, std::string mount, std::string csr, Reply& reply) {
    reply = co_await steps::sign(probe, std::move(mount), std::move(csr));
}

Task<std::vector<Reply>> sign_many(Probe& probe, std::string mount) {
    std::vector<Reply> replies(many);
    TaskGroup group;
    for (std::size_t i = 0; i < many; ++i) {
        auto csr = steps::workload_csr(fmt::format("spiffe://mesh.test/web-{}", i));
        co_await group.spawn(sign_one(probe, mount, std::move(csr), replies[i]));
    }
    co_await group.join();
    co_return replies;
}

Task<void> revoke_one(Probe& probe, std::string mount, std::string serial, Reply& reply) {
    Json body{{"serial_number", std::move(serial)}};
    reply = co_await probe.vault("PUT", mount + "/revoke", std::move(body));
}

}  // namespace

std::vector<Check> vault_pki_sign_parallel() {
    return {
        {.name = "signs",
         .requirement = "Leaves signed at the same time are each their CSR's, and no two share a "
                        "serial number.",
         .rows = {125},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto replies = co_await sign_many(probe, mount);
             std::set<std::string> serials;
             for (std::size_t i = 0; i < many; ++i) {
                 const auto leaf = steps::leaf_of(probe, replies[i]);
                 serials.insert(leaf.serial());
                 probe.expect_equal(Json(leaf.alt_names().uris),
                                    Json::array({fmt::format("spiffe://mesh.test/web-{}", i)}),
                                    "URIs");
             }
             probe.expect(serials.size() == many, "{} leaves have {} serial numbers", many,
                          serials.size());
         }},

        {.name = "revocations",
         .requirement =
             "Revocations at the same time all succeed, and all are in the CRL once they "
             "are answered.",
         .rows = {125},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             const auto replies = co_await sign_many(probe, mount);
             std::vector<std::string> serials;
             for (const auto& reply : replies) {
                 serials.push_back(steps::text_of(probe, reply, "serial_number"));
             }
             std::vector<Reply> revoked(many);
             TaskGroup group;
             for (std::size_t i = 0; i < many; ++i) {
                 co_await group.spawn(revoke_one(probe, mount, serials[i], revoked[i]));
             }
             co_await group.join();
             for (const auto& reply : revoked) {
                 probe.expect_status(reply, 200);
             }
             const auto list = co_await probe.vault("GET", mount + "/crl/pem", {}, As::nobody());
             const auto crl = crypto::Crl::from_pem(list.body);
             std::size_t listed = 0;
             for (const auto& reply : replies) {
                 listed += crl && crl->contains(steps::leaf_of(probe, reply)) ? 1 : 0;
             }
             probe.expect(listed == many, "{} of {} revoked leaves are in the CRL", listed, many);
         }},
    };
}

}  // namespace meshproof::conformance
