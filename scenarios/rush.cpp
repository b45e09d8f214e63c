#include "scenarios/rush.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace meshproof::scenarios {
namespace {

Task<void> ask_in_a_row(std::shared_ptr<Rush> rush, int client, int each) {
    for (int i = 0; i < each; ++i) {
        const auto key = crypto::Key::generate(crypto::KeyType::p256);
        auto& request = *rush->requests.emplace_back(std::make_unique<RushedRequest>(
            RushedRequest{fmt::format("{}-{}-{}", rush->ids, client, i), key.public_key()}));
        crypto::Csr::Spec spec;
        spec.alt_names.uris = {request.uri};
        vault::SignRequest signing;
        signing.csr_pem = crypto::Csr::make(spec, key).pem();
        request.answer = co_await rush->client.sign_at(rush->path, signing);
        ++rush->ended;
        if (rush->on_end) {
            rush->on_end(rush->ended);
        }
    }
}

// This client and all after it, side by side: they hold what belongs to the caller's world.
Task<run::Ending> ask_beside(std::shared_ptr<Rush> rush, int client, int clients, int each) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto mine = run::settle(ask_in_a_row(rush, client, each));
    if (client + 1 >= clients) {
        co_return co_await std::move(mine);
    }
    const auto [one, others] =
        co_await (std::move(mine) && ask_beside(rush, client + 1, clients, each));
    co_return one.kind == run::Ending::Kind::done ? others : one;
}

}  // namespace

Task<run::Ending> ask_at_once(std::shared_ptr<Rush> rush, int clients, int each) {
    co_return co_await ask_beside(rush, 0, clients, each);
}

std::vector<std::string> wrong_answers(const Rush& rush, const crypto::Certificate& issuer) {
    std::vector<std::string> wrong;
    std::set<std::string> serials;
    for (const auto& request : rush.requests) {
        if (!request->answer || !*request->answer) {
            continue;
        }
        const auto& leaf = (*request->answer)->leaf;
        if (!(leaf.public_key() == request->key)) {
            wrong.push_back(fmt::format(
                "the answer for {} certifies another key than its request's", request->uri));
        }
        if (leaf.alt_names().uris != std::vector{request->uri}) {
            wrong.push_back(fmt::format("the answer for {} is for another URI", request->uri));
        }
        if (!leaf.signed_by(issuer)) {
            wrong.push_back(
                fmt::format("the answer for {} is not signed by the issuer", request->uri));
        }
        if (!serials.insert(leaf.serial()).second) {
            wrong.push_back(fmt::format("serial number {} was given twice", leaf.serial()));
        }
    }
    return wrong;
}

}  // namespace meshproof::scenarios
