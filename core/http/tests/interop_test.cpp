// A client that we did not write (cpp-httplib) against our server.
#include <httplib.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "core/http/tests/wire_test.hpp"

namespace meshproof::http {
namespace {

/// What the foreign client saw; it reports to nobody while it runs.
struct Seen {
    std::vector<int> statuses;
    std::vector<std::string> bodies;
};

void add(Seen& seen, const httplib::Result& result) {
    seen.statuses.push_back(result ? result->status : -static_cast<int>(result.error()));
    seen.bodies.push_back(result ? result->body : "");
}

class InteropTest : public WireTest {
  protected:
    /// Serves until the foreign client's thread has ended.
    void serve_while(std::thread& thread, std::atomic<bool>& ended) {
        auto work = asio::make_work_guard(context_);
        context_.restart();
        while (!ended) {
            context_.run_one();
        }
        thread.join();
    }
};

/// Runs the client and wakes the server's loop at the end.
template <class Client>
void visit(Client& client, Seen& seen) {
    client.set_keep_alive(true);
    add(seen, client.Get("/plain"));
    add(seen, client.Post("/post", std::string(100000, 'x'), "text/plain"));
    add(seen, client.Head("/head"));
    add(seen, client.Get("/chunked"));
    add(seen, client.Get("/gone"));
}

class Site : public Echo {
  public:
    Task<Response> handle(Request request, Peer peer) override {
        answer.chunked = request.target == "/chunked";
        answer.status = request.target == "/gone" ? 204 : 200;
        return Echo::handle(std::move(request), std::move(peer));
    }
};

void expect_visited(const Seen& seen) {
    EXPECT_EQ(seen.statuses, (std::vector{200, 200, 200, 200, 204}));
    EXPECT_EQ(seen.bodies,
              (std::vector<std::string>{"GET /plain ", "POST /post " + std::string(100000, 'x'), "",
                                        "GET /chunked ", ""}));
}

TEST_F(InteropTest, ServesAForeignClient) {
    Site site;
    const auto listener = serve_plain(site);
    Seen seen;
    std::atomic<bool> ended = false;
    std::thread thread([&, port = listener->url().port] {
        httplib::Client client("127.0.0.1", port);
        visit(client, seen);
        ended = true;
        asio::post(context_, [] {});
    });
    serve_while(thread, ended);
    expect_visited(seen);
}

TEST_F(InteropTest, ServesAForeignClientOverMutualTls) {
    const auto now = clock_.now();
    const auto credentials =
        crypto::make_server_credentials("meshproof test", now, std::chrono::hours(1));
    crypto::TlsIdentity visitor;
    visitor.key = crypto::Key::generate(crypto::KeyType::p256);
    crypto::CertificateSpec spec;
    spec.subject.common_name = "visitor";
    spec.not_before = now - std::chrono::hours(1);
    spec.not_after = now + std::chrono::hours(1);
    spec.extended_key_usage = {std::string(crypto::eku_client_auth)};
    visitor.leaf = crypto::sign_certificate(spec, visitor.key.public_key(), credentials.ca_key,
                                            &credentials.ca);
    crypto::TlsParty party;
    party.identity = credentials.identity;
    party.trust = {credentials.ca};
    ListenSpec listen;
    listen.party = [party] { return party; };
    Site site;
    const auto listener = require(run(transport_->listen(listen, site)));

    Seen seen;
    std::atomic<bool> ended = false;
    std::thread thread([&, port = listener->url().port] {
        httplib::SSLClient client("127.0.0.1", port, visitor.leaf.native(), visitor.key.native());
        X509_STORE* const store = X509_STORE_new();
        X509_STORE_add_cert(store, credentials.ca.native());
        client.set_ca_cert_store(store);  // takes it over
        visit(client, seen);
        ended = true;
        asio::post(context_, [] {});
    });
    serve_while(thread, ended);
    expect_visited(seen);
    ASSERT_EQ(site.peers.size(), 5U);
    ASSERT_TRUE(site.peers[4].certificate);
    EXPECT_EQ(*site.peers[4].certificate, visitor.leaf);
}

}  // namespace
}  // namespace meshproof::http
