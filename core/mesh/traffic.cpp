#include "core/mesh/control_plane_state.hpp"

namespace meshproof::mesh {
namespace {

// Only what speaks of certificates tells that there was a handshake at all: a refused connection
// never got so far.
bool of_handshake(const Failure& failure) {
    return failure.kind == FailureKind::tls || failure.kind == FailureKind::expired;
}

Result<void> read_answer(const http::Response& response, const spiffe::SpiffeId& caller,
                         const spiffe::SpiffeId& server) {
    if (response.status != 200) {
        return fail(FailureKind::server, "the pod answered {}", response.status);
    }
    const auto json = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || json.value("id", "") != server.text() ||
        json.value("caller", "") != caller.text()) {
        return fail(FailureKind::malformed, "the pod's answer does not name {} as the caller of {}",
                    caller.text(), server.text());
    }
    return {};
}

Result<void> check_server(const spiffe::SpiffeId& expected, const crypto::Certificate& shown) {
    const auto id = spiffe::svid_id(shown);
    if (!id) {
        return propagate(id);
    }
    if (!(*id == expected)) {
        return fail(FailureKind::tls, "{} answered instead of {}", id->text(), expected.text());
    }
    return {};
}

Failure without_certificate(const Agent& agent) {
    return Failure{FailureKind::tls,
                   fmt::format("pod {} has no certificate: no handshake was tried ({})",
                               agent.pod().name, agent.view().reason),
                   0,
                   {}};
}

// One attempt between two pods that both have a certificate and a port.
Task<Result<void>> attempt(std::shared_ptr<Mesh> mesh, std::shared_ptr<Agent> from,
                           std::shared_ptr<Agent> to) {
    constexpr Duration longest = std::chrono::seconds(10);
    const auto& client = from->server();
    const auto& server = to->server();
    const auto& leaf = client.identity()->leaf;
    http::Endpoint endpoint;
    endpoint.url = *server.url();
    endpoint.tls =
        client.party(TlsRole::client, [expected = server.id()](const crypto::Certificate& shown) {
            return check_server(expected, shown);
        });
    endpoint.timeout = std::min(longest, (leaf.not_after() - leaf.not_before()) / 10);
    endpoint.reuse = false;
    endpoint.caller = from->pod().name;

    HandshakeSeen seen;
    seen.client = client.side();
    seen.server = server.side();
    seen.expected_server = server.id();
    seen.at = mesh->clock.now();
    const auto started = mesh->clock.elapsed();
    const auto response = co_await mesh->transport.send(std::move(endpoint), http::Request{});
    if (response || of_handshake(response.error())) {
        // The server may have got another leaf on the way: what it showed is what counts.
        if (const auto& shown = server.last_shown(); shown && shown->at >= started) {
            seen.server = shown->side;
            seen.at += shown->at - started;
        }
        seen.accepted = response.has_value();
        seen.error = response ? std::string() : response.error().message;
        mesh->observer.on_handshake(seen);
    }
    if (!response) {
        co_return propagate(response);
    }
    co_return read_answer(*response, client.id(), server.id());
}

}  // namespace

Task<TrafficAttempt> ControlPlane::request(std::string from_pod, std::string to_pod) {
    const auto state = state_;
    TrafficAttempt result;
    result.from = from_pod;
    result.to = to_pod;
    result.at = state->mesh->clock.now();
    const auto from = state->agent(from_pod);
    const auto to = state->agent(to_pod);
    if (!from || !to) {
        result.failure = Failure{FailureKind::not_found,
                                 fmt::format("there is no pod {}", from ? to_pod : from_pod),
                                 0,
                                 {}};
        co_return result;
    }
    for (const auto& agent : {from, to}) {
        if (!agent->server().identity()) {
            result.failure = without_certificate(*agent);
            co_return result;
        }
    }
    if (!to->server().url()) {
        result.failure =
            Failure{FailureKind::unreachable, fmt::format("pod {} is gone", to_pod), 0, {}};
        co_return result;
    }
    const auto answered = co_await attempt(state->mesh, from, to);
    result.ok = answered.has_value();
    if (!answered) {
        result.failure = answered.error();
    }
    co_return result;
}

}  // namespace meshproof::mesh
