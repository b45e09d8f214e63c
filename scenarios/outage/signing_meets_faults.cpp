#include "core/base/text.hpp"
#include "scenarios/rush.hpp"
#include "scenarios/steps.hpp"

namespace meshproof::scenarios {
namespace {

constexpr int rush_clients = 8, rush_each = 6;
constexpr std::size_t between_cuts = 10;  // requests that end

// Of all that a Vault keeps of one PKI.
Task<std::set<std::string>> kept_serials(World& world, run::PreparedVault prepared) {
    const auto listed =
        co_await world.vault().admin.request("LIST", prepared.intermediate_mount + "/certs");
    const auto data = require(listed, "list the certificates").data();
    // An empty list is a 404 without data (row 14).
    co_return data.is_object() ? data.value("keys", std::set<std::string>())
                               : std::set<std::string>();
}

Task<void> signing_meets_faults(World& world) {
    const auto prepared = co_await world.prepare_vault(world.vault(), world.kube());
    const auto issuer = require(crypto::Certificate::all_from_pem(prepared.ca_chain_pem)).front();
    const auto before = co_await kept_serials(world, prepared);
    auto* link = world.vault().link;
    const auto rush =
        std::make_shared<Rush>(Rush{.client = world.vault().admin.at(world.vault().agent_url),
                                    .path = prepared.pki_path(),
                                    .ids = "spiffe://cluster.local/ns/default/sa/rushed",
                                    // In the middle of it: the others' requests are under way.
                                    .on_end = [link](std::size_t ended) {
                                        if (ended % between_cuts == 0) {
                                            link->cut();
                                        }
                                    }});
    const auto ending = co_await ask_at_once(rush, rush_clients, rush_each);
    if (ending.kind != run::Ending::Kind::done) {
        throw CannotGoOn(Failure{FailureKind::closed, ending.text, 0, {}});
    }
    for (const auto& wrong : wrong_answers(*rush, issuer)) {
        world.expect(false, "{}", wrong);
    }
    std::set<std::string> answered;
    for (const auto& request : rush->requests) {
        if (request->answer && *request->answer) {
            answered.insert((*request->answer)->leaf.serial());
        }
    }
    const std::size_t asked = rush_clients * rush_each;
    world.expect(rush->requests.size() == asked && rush->ended == asked,
                 "of {} requests {} were made, and {} ended", asked, rush->requests.size(),
                 rush->ended);
    world.expect(!answered.empty() && answered.size() < asked,
                 "{} of {} requests were answered though connections broke: nothing was shown",
                 answered.size(), asked);
    // A request whose answer was lost may have been signed, and none may have been signed twice.
    const auto kept = co_await kept_serials(world, prepared);
    world.expect(std::ranges::includes(kept, answered),
                 "the Vault keeps {}, and not all of the {} that it gave",
                 counted(kept.size(), "leaf", "leaves"), answered.size());
    const auto made = kept.size() - before.size();
    world.expect(answered.size() <= made && made <= asked,
                 "the Vault signed {} for {} requests with {}", counted(made, "time"), asked,
                 counted(answered.size(), "answer"));
}

}  // namespace

extern const run::Scenario outage_signing_meets_faults{
    .id = "outage/signing-meets-faults",
    .sentence =
        "While connections break under many requests for signatures, each answer is for its own "
        "request, no serial number comes twice, and no request is signed twice.",
    .source = "RFC 5280 4.1.2.2 (serial numbers); wire contract 14",
    .without_mtls = true,
    .run = signing_meets_faults,
};

}  // namespace meshproof::scenarios
