#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/crypto/tls.hpp"
#include "core/http/transport.hpp"
#include "fakes/chaos/chaos.hpp"

namespace meshproof::fakes {

/// One server's own date: the fakes' common one, off by the rules of clock_skew, and set back while
/// an expired leaf is made.
class ServerClock final : public Clock {
  public:
    ServerClock(Clock& common, const Chaos& chaos, std::string server)
        : common_(common), chaos_(chaos), server_(std::move(server)) {}

    [[nodiscard]] Time now() const override {
        return common_.now() + chaos_.skew(server_) - behind_;
    }
    [[nodiscard]] Duration elapsed() const override { return common_.elapsed(); }
    /// Who waits hands the loop to others, and they have the right date.
    [[nodiscard]] Task<bool> rest(Duration duration) override {
        behind_ = Duration::zero();
        return common_.rest(duration);
    }
    /// Sets the date back until the next wait.
    void set_back(Duration by) { behind_ = by; }

  private:
    Clock& common_;
    const Chaos& chaos_;
    std::string server_;
    Duration behind_{};
};

/// What happened to a request or a connection: what the journal keeps. Holds no secret.
struct Served {
    Time at;             ///< on the fakes' clock
    std::string server;  ///< "vault-0"
    std::string method;  ///< "" for a connection
    std::string path;    ///< without the query; tokens in it are gone
    int status = 0;      ///< 0 = no answer left
    std::string address, user_agent, accessor, subject;
    Duration took{};
    std::vector<std::string> faults;  ///< names of the rules that struck
};

/// The path as one may show it: a segment that looks like a token is "[secret]".
[[nodiscard]] std::string without_secrets(std::string_view path);

struct ChaosHandlerOptions {
    std::string server;  ///< "vault-0", "kube-1"
    /// The accessor of the token with which the request comes; empty for servers that have none.
    std::function<std::string(const http::Request&)> accessor;
    /// What the server shows where it is to show something wrong.
    std::function<crypto::TlsIdentity(CertificateFault)> identity;
    std::function<void(Served)> on_served;  ///< may be empty
};

/// Stands between the wire and a server's rules, and does to requests and connections what Chaos
/// decides. Without rules it passes everything on as it is. The rules may be replaced while
/// requests are on their way: each ends with those that it began with.
class ChaosHandler final : public http::Handler {
  public:
    /// All outlive this; `common` is the clock that waits.
    ChaosHandler(ChaosHandlerOptions options, Chaos& chaos, Clock& common, ServerClock& own);

    void serve(std::shared_ptr<http::Handler> rules) { rules_ = std::move(rules); }
    [[nodiscard]] Task<http::Response> handle(http::Request request, http::Peer peer) override;
    /// For ListenSpec::reception.
    [[nodiscard]] http::Reception receive(const http::Peer& peer);

  private:
    [[nodiscard]] Task<http::Response> answer(http::Request request, http::Peer peer,
                                              RequestFaults faults);
    [[nodiscard]] bool kube() const { return options_.server.starts_with("kube"); }

    ChaosHandlerOptions options_;
    Chaos& chaos_;
    Clock& common_;
    ServerClock& own_;
    std::shared_ptr<http::Handler> rules_;
};

}  // namespace meshproof::fakes
