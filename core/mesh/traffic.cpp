#include "core/base/json_text.hpp"
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
    const auto json = json_or_null(response.body);
    const auto says = [&json](const char* field, const std::string& text) {
        const auto found = json.find(field);
        return found != json.end() && *found == text;  // a pod may answer anything
    };
    if (!json.is_object() || !says("id", server.text()) || !says("caller", caller.text())) {
        return fail(FailureKind::malformed, "the pod's answer does not name {} as the caller of {}",
                    caller.text(), server.text());
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

// What one request needs to know of its two ends.
struct Ends {
    http::Endpoint endpoint;
    HandshakeSeen seen;
    std::shared_ptr<Agent> server;  ///< whose port it reaches
};

void limit_to_share_of(Ends& ends, Duration life) {
    constexpr Duration longest = std::chrono::seconds(10);
    ends.endpoint.timeout = std::min(longest, life / 10);
}

// Sends one request, tells of the handshake if certificates decided it, and gives the answer.
Task<Result<http::Response>> send_and_tell(std::shared_ptr<Mesh> mesh, Ends ends, bool& judged) {
    auto& seen = ends.seen;
    seen.server = ends.server->server().side();
    seen.at = mesh->clock.now();
    const auto started = mesh->clock.elapsed();
    auto response = co_await mesh->transport.send(std::move(ends.endpoint), http::Request{});
    judged = response || of_handshake(response.error());
    if (judged) {
        // The server may have got another leaf on the way: what it showed is what counts.
        if (const auto& shown = ends.server->server().last_shown(); shown && shown->at >= started) {
            seen.server = shown->side;
            seen.at += shown->at - started;
        }
        seen.accepted = response.has_value();
        seen.error = response ? std::string() : response.error().message;
        mesh->observer.on_handshake(seen);
    }
    co_return response;
}

// One attempt between two pods that both have a certificate and a port; it may reach a third one.
Task<Result<void>> attempt(std::shared_ptr<Mesh> mesh, std::shared_ptr<Agent> from,
                           std::shared_ptr<Agent> to, std::shared_ptr<Agent> reached, bool keep,
                           bool& judged) {
    const auto& client = from->server();
    const auto expected = to->server().id();
    const auto& leaf = client.identity()->leaf;
    Ends ends;
    ends.server = reached;
    ends.endpoint.url = *reached->server().url();
    ends.endpoint.tls = client.client_of(expected);
    ends.endpoint.reuse = keep;
    ends.endpoint.caller = from->pod().name;
    limit_to_share_of(ends, leaf.not_after() - leaf.not_before());
    ends.seen.client = client.side();
    ends.seen.expected_server = expected;
    const auto response = co_await send_and_tell(mesh, std::move(ends), judged);
    if (!response) {
        co_return propagate(response);
    }
    co_return read_answer(*response, client.id(), expected);
}

// A stranger's attempt: what he shows is the party's.
Task<Result<void>> attempt_of_stranger(std::shared_ptr<Mesh> mesh, crypto::TlsParty stranger,
                                       std::shared_ptr<Agent> to, bool& judged) {
    Ends ends;
    ends.server = to;
    ends.endpoint.url = *to->server().url();
    ends.endpoint.reuse = false;
    ends.endpoint.caller = "stranger";
    limit_to_share_of(ends, mesh->usual_life());
    stranger.at = stranger.at.value_or(mesh->clock.now());
    auto& client = ends.seen.client;
    client.pod = ends.endpoint.caller;
    if (stranger.identity) {
        client.leaf = stranger.identity->leaf;
        client.intermediates = stranger.identity->intermediates;
    }
    client.trust = stranger.trust;
    client.trust_domain = mesh->trust_domain;
    ends.seen.expected_server = to->server().id();
    ends.endpoint.tls = std::move(stranger);
    const auto response = co_await send_and_tell(mesh, std::move(ends), judged);
    if (!response) {
        co_return propagate(response);
    }
    co_return Result<void>();
}

Failure no_such_pod(const std::string& pod) {
    return {FailureKind::not_found, fmt::format("there is no pod {}", pod), 0, {}};
}

std::optional<Failure> port_missing(const Agent& agent) {
    if (!agent.server().identity()) {
        return without_certificate(agent);
    }
    if (!agent.server().url()) {
        return Failure{
            FailureKind::unreachable, fmt::format("pod {} is gone", agent.pod().name), 0, {}};
    }
    return std::nullopt;
}

void note(TrafficAttempt& result, const Result<void>& answered) {
    result.ok = answered.has_value();
    if (!answered) {
        result.failure = answered.error();
    }
}

}  // namespace

Task<TrafficAttempt> ControlPlane::request(std::string from_pod, std::string to_pod,
                                           Travel travel) {
    const auto state = state_;
    TrafficAttempt result;
    result.from = from_pod;
    result.to = to_pod;
    result.at = state->mesh->clock.now();
    const auto arrives_at = travel.arrives_at.empty() ? to_pod : travel.arrives_at;
    std::vector<std::shared_ptr<Agent>> agents;
    for (const auto& pod : {from_pod, to_pod, arrives_at}) {
        agents.push_back(state->agent(pod));
        if (!agents.back()) {
            result.failure = no_such_pod(pod);
            co_return result;
        }
    }
    const auto& from = agents[0];
    if (!from->server().identity()) {
        result.failure = without_certificate(*from);
        co_return result;
    }
    const auto& reached = agents[2];
    result.failure = port_missing(*reached);
    if (!result.failure) {
        note(result,
             co_await attempt(state->mesh, from, agents[1], reached, travel.keep, result.judged));
    }
    co_return result;
}

Task<TrafficAttempt> ControlPlane::request_as(crypto::TlsParty stranger, std::string to_pod) {
    const auto state = state_;
    TrafficAttempt result;
    result.from = "stranger";
    result.to = to_pod;
    result.at = state->mesh->clock.now();
    const auto to = state->agent(to_pod);
    result.failure = to ? port_missing(*to) : std::optional(no_such_pod(to_pod));
    if (!result.failure) {
        note(result,
             co_await attempt_of_stranger(state->mesh, std::move(stranger), to, result.judged));
    }
    co_return result;
}

}  // namespace meshproof::mesh
