#include "fakes/chaos/chaos_handler.hpp"

#include <algorithm>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/crypto/jwt.hpp"
#include "fakes/chaos/spoil.hpp"

namespace meshproof::fakes {
namespace {

/// The bodies of a server whose rules may be replaced: keeps the rules until the last piece.
class KeptSource final : public http::BodySource {
  public:
    KeptSource(std::shared_ptr<http::Handler> rules, std::shared_ptr<http::BodySource> inner)
        : rules_(std::move(rules)), inner_(std::move(inner)) {}
    [[nodiscard]] Task<std::optional<std::string>> next(Clock& clock) override {
        return inner_->next(clock);
    }
    void hear(std::string_view bytes) override { inner_->hear(bytes); }

  private:
    std::shared_ptr<http::Handler> rules_;
    std::shared_ptr<http::BodySource> inner_;
};

/// `sub` of the bearer's JWT, whoever signed it.
std::string subject_of(const http::Request& request) {
    const auto bearer = request.headers.find("Authorization").value_or("");
    if (!bearer.starts_with("Bearer ")) {
        return {};
    }
    const auto jwt = crypto::Jwt::decode(trim(std::string_view(bearer).substr(7)));
    if (!jwt) {
        return {};
    }
    const auto claims = json_or_null(jwt->claims);
    if (!claims.is_object() || !claims.contains("sub") || !claims["sub"].is_string()) {
        return {};
    }
    return claims["sub"].get<std::string>();
}

/// What of `auth/token/` has a token as the last part of its path: one with an id of its own looks
/// like any word.
bool takes_a_token(std::string_view call) {
    return call == "lookup" || call == "renew" || call == "revoke" || call == "revoke-orphan";
}

bool of_a_token(char c) {
    return letter_or_digit(c) || c == '-' || c == '_';
}

/// A service, batch or recovery token of either product, or a JWT, wherever it begins. The short
/// prefixes are those of domain names too, so what follows them must be as long as a token.
bool holds_token(std::string_view text) {
    struct Start {
        std::string_view prefix;
        std::size_t at_start, inside;  // so many characters must follow
    };
    constexpr Start starts[] = {{"s.", 9, 24},  {"b.", 9, 24},  {"r.", 9, 24}, {"hvs.", 9, 9},
                                {"hvb.", 9, 9}, {"hvr.", 9, 9}, {"eyJ", 9, 30}};
    for (const auto& start : starts) {
        for (auto at = text.find(start.prefix); at != std::string_view::npos;
             at = text.find(start.prefix, at + 1)) {
            const auto after = text.substr(at + start.prefix.size());
            if (at == 0 && after.size() >= start.at_start) {
                return true;
            }
            const auto length = std::ranges::find_if_not(after, of_a_token) - after.begin();
            if (at > 0 && !of_a_token(text[at - 1]) && text[at - 1] != '.' &&
                length >= static_cast<std::ptrdiff_t>(start.inside)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

std::string without_secrets(std::string_view path) {
    auto segments = split(path, '/');
    for (std::size_t i = 0; i < segments.size(); ++i) {
        // As the server reads it: a token may come with its dot escaped.
        const auto text = http::percent_decode(segments[i]).value_or(segments[i]);
        const bool named = i >= 2 && segments[i - 2] == "token" && takes_a_token(segments[i - 1]);
        if (!text.empty() && (named || holds_token(text))) {
            segments[i] = "[secret]";
        }
    }
    return join(segments, "/");
}

ChaosHandler::ChaosHandler(ChaosHandlerOptions options, Chaos& chaos, Clock& common,
                           ServerClock& own)
    : options_(std::move(options)), chaos_(chaos), common_(common), own_(own) {}

Task<http::Response> ChaosHandler::handle(http::Request request, http::Peer peer) {
    if (chaos_.without_rules() && !options_.on_served) {
        co_return co_await answer(std::move(request), std::move(peer), {});
    }
    Served served;
    served.at = common_.now();
    served.server = options_.server;
    served.method = request.method;
    const auto begun = common_.elapsed();

    Asked asked{.server = options_.server,
                .method = request.method,
                .path = request.target.substr(0, request.target.find('?')),
                .address = peer.address,
                .user_agent = request.headers.find("User-Agent").value_or(""),
                .accessor = {},
                .subject = {},
                .on_kept_connection = peer.served > 0,
                .signs = asks_for_certificate(request)};
    if (options_.on_served || chaos_.asks_for_tokens()) {
        asked.accessor = options_.accessor ? options_.accessor(request) : std::string();
        asked.subject = subject_of(request);
    }
    auto faults = chaos_.strike(asked);
    served.faults = faults.rules;
    auto response = co_await answer(std::move(request), std::move(peer), std::move(faults));
    if (options_.on_served) {
        served.path = without_secrets(asked.path);
        served.status =
            response.broken == http::Break::unanswered || response.broken == http::Break::before
                ? 0
                : response.status;
        served.address = std::move(asked.address);
        served.user_agent = without_secrets(asked.user_agent);
        served.accessor = std::move(asked.accessor);
        served.subject = std::move(asked.subject);
        served.took = common_.elapsed() - begun;
        options_.on_served(std::move(served));
    }
    co_return response;
}

Task<http::Response> ChaosHandler::answer(http::Request request, http::Peer peer,
                                          RequestFaults faults) {
    if (faults.latency > Duration::zero()) {
        co_await common_.sleep_for(faults.latency);
    }
    http::Response response;
    if (faults.stale || faults.reset == ResetPoint::request) {
        response.broken = faults.stale ? http::Break::unanswered : http::Break::before;
        co_return response;
    }
    if (faults.status) {
        response = refusal(*faults.status, faults.retry_after, kube(),
                           request.target.substr(0, request.target.find('?')));
    } else {
        if (faults.certificate) {
            spoil_request(request, *faults.certificate);
        }
        // Signing waits for nothing, unless for a free place (and then the date is right again).
        own_.set_back(faults.certificate == CertificateFault::expired ? expired_for
                                                                      : Duration::zero());
        const auto rules = rules_;
        response = co_await rules->handle(std::move(request), std::move(peer));
        own_.set_back(Duration::zero());
        if (response.source) {
            response.source = std::make_shared<KeptSource>(rules, std::move(response.source));
        }
        if (faults.certificate) {
            spoil_answer(response, *faults.certificate);
        }
    }
    if (faults.body) {
        spoil_body(response, *faults.body);
    }
    if (!faults.content_type.empty()) {
        response.headers.set("Content-Type", faults.content_type);
    }
    if (faults.drip) {
        drip(response, *faults.drip);
    }
    if (faults.reset) {
        response.broken = *faults.reset == ResetPoint::before   ? http::Break::before
                          : *faults.reset == ResetPoint::during ? http::Break::during
                                                                : http::Break::after;
    }
    co_return response;
}

http::Reception ChaosHandler::receive(const http::Peer& peer) {
    const auto faults = chaos_.strike_connection(options_.server, peer.address);
    http::Reception reception;
    reception.alert = faults.tls_alert;
    if (faults.tls_certificate) {
        reception.identity = options_.identity(*faults.tls_certificate);
    }
    if (options_.on_served && !faults.rules.empty()) {
        Served served;
        served.at = common_.now();
        served.server = options_.server;
        served.address = peer.address;
        served.faults = faults.rules;
        options_.on_served(std::move(served));
    }
    return reception;
}

}  // namespace meshproof::fakes
