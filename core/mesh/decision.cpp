#include "core/mesh/decision.hpp"

namespace meshproof::mesh {
namespace {

// Vault's texts vary by product and build: only substrings are sure (wire contract,
// portable-assertion rule).
// Vault's own texts alone: the message holds those of others as well, such as a proxy's page.
bool says(const Failure& failure, std::string_view text) {
    return std::ranges::any_of(failure.errors, [text](const std::string& error) {
        return error.find(text) != std::string::npos;
    });
}

// Rows 5 and 18: a token that Vault knows and a policy that says no come in the multierror wrapper,
// and that is the only difference on the wire between "log in again" and "fix the policy".
bool wrapped(const Failure& failure) {
    return says(failure, "1 error occurred");
}

// The server's own text where it gave one, on one line.
std::string told(const Failure& failure) {
    std::string text = failure.errors.empty() ? failure.message : failure.errors.front();
    std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return text;
}

std::string or_else(const std::string& text, std::string_view placeholder) {
    return text.empty() ? std::string(placeholder) : text;
}

Decision unreachable(std::string_view what, const Failure& failure) {
    if (failure.kind == FailureKind::malformed) {
        return {Action::retry,
                fmt::format("{} gave an answer that cannot be used: {}", what, failure.message)};
    }
    return {Action::retry, fmt::format("{} gave no answer: {}", what, failure.message)};
}

// The answers that mean the same for every call to Vault.
std::optional<Decision> of_server(const Failure& failure) {
    if (says(failure, "local node not active but active cluster node not found")) {
        return Decision{Action::retry, "no Vault node is active: an election is running"};
    }
    if (failure.status == 307) {
        return Decision{Action::retry,
                        "a Vault standby redirected and the node it named gave no answer"};
    }
    if (failure.status == 429) {
        return Decision{Action::retry,
                        says(failure, "quota")
                            ? "Vault refuses for now: a rate limit quota is exceeded"
                            : fmt::format("Vault, or what stands before it, is asked "
                                          "too often: {}",
                                          told(failure))};
    }
    if (failure.kind == FailureKind::sealed) {
        return Decision{Action::retry, "Vault is sealed: unseal it"};
    }
    if (failure.status == 502 || failure.status == 503 || failure.status == 504) {
        // A sealed Vault says so. This one is a gateway's, or of a Vault that cannot serve for
        // another reason.
        return Decision{
            Action::retry,
            fmt::format("Vault, or what stands before it, is not available: {}", told(failure))};
    }
    if (says(failure, "no handler for route") || says(failure, "unsupported path")) {
        return Decision{Action::retry_slowly,
                        "nothing is mounted at that path in Vault: mount it again or correct the "
                        "account's paths"};
    }
    if (failure.status == 0) {
        return unreachable("Vault", failure);
    }
    return std::nullopt;
}

Decision of_token_request(const Failure& failure, const Asked& asked) {
    const auto account = or_else(asked.service_account, "the account names");
    if (failure.kind == FailureKind::not_found) {
        return {Action::retry_slowly,
                fmt::format("service account {} is not in the cluster: the mesh makes it again",
                            account)};
    }
    if (failure.kind == FailureKind::denied) {
        return {Action::retry_slowly,
                fmt::format("the API server gives us no token of service account {}: {}", account,
                            told(failure))};
    }
    if (failure.status == 0) {
        return unreachable("the API server", failure);
    }
    return {Action::retry,
            fmt::format("no token of service account {}: {}", account, told(failure))};
}

Decision of_login(const Failure& failure, const Asked& asked) {
    const auto role = or_else(asked.auth_role, "of the account");
    if (says(failure, "could not load backend configuration")) {
        return {Action::retry_slowly, "the auth mount has no config: write its /config in Vault"};
    }
    if (says(failure, "invalid role name")) {
        return {Action::retry_slowly,
                fmt::format("role {} is not in the auth mount: create it in Vault", role)};
    }
    if (failure.status == 403) {
        if (says(failure, "token is expired") || says(failure, "token not yet valid") ||
            says(failure, "token issued in the future")) {
            return {.action = Action::retry,
                    .reason = "the projected token is outside its time: a fresh one is used next",
                    .no_sooner = {},
                    .other_projected_token = true};
        }
        if (says(failure, "service account name not authorized")) {
            return {Action::retry_slowly,
                    fmt::format("role {} does not bind service account {}: set "
                                "bound_service_account_names",
                                role, or_else(asked.service_account, "of the account"))};
        }
        if (says(failure, "namespace not authorized")) {
            return {Action::retry_slowly,
                    fmt::format("role {} does not bind the mesh's namespace: set "
                                "bound_service_account_namespaces",
                                role)};
        }
        if (says(failure, "(aud)")) {
            return {Action::retry_slowly,
                    fmt::format("role {} asks for another audience than the token has", role)};
        }
        if (!says(failure, "permission denied")) {
            return {.action = Action::retry_slowly,
                    .reason = fmt::format("login with role {} is refused: {}", role, told(failure)),
                    .no_sooner = {},
                    .other_projected_token = true};
        }
        // Rows 40 and 148: a bad token, an API server that is down, a wrong CA and a mount that is
        // not there answer alike.
        return {.action = Action::retry,
                .reason = fmt::format(
                    "login refused: the token was rejected, or Vault cannot ask the API "
                    "server about it, or nothing is mounted at auth/{}",
                    or_else(asked.auth_mount, "MOUNT_PATH")),
                .no_sooner = {},
                .other_projected_token = true};
    }
    if (failure.status == 400) {
        return {Action::retry_slowly,
                fmt::format("login with role {} is refused: {}", role, told(failure))};
    }
    return {Action::retry, fmt::format("login failed: {}", told(failure))};
}

Decision of_sign(const Failure& failure, const Asked& asked) {
    const auto path = or_else(asked.pki_path, "the account's pki path");
    const auto role = asked.pki_path.empty() ? std::string("of the account")
                                             : asked.pki_path.substr(asked.pki_path.rfind('/') + 1);
    if (failure.status == 403) {
        if (wrapped(failure)) {
            return {Action::retry_slowly,
                    fmt::format("Vault's policy does not grant update on {}, or nothing is there",
                                path)};
        }
        return {Action::login_again, "the Vault token is no longer good"};
    }
    if (says(failure, "URI Subject Alternative Names")) {
        const auto domain = or_else(asked.id.trust_domain().name(), "TRUST_DOMAIN");
        return {Action::retry_slowly,
                fmt::format(
                    "role {} does not allow {}: set allowed_uri_sans to spiffe://{}/*", role,
                    asked.id.trust_domain().empty() ? "spiffe://TRUST_DOMAIN/…" : asked.id.text(),
                    domain)};
    }
    if (says(failure, "cannot satisfy request, as TTL")) {
        return {Action::retry_slowly,
                "the CA expires sooner than the leaf would, or has expired: ask for a lower ttl or "
                "rotate the CA"};
    }
    if (says(failure, "could not fetch the CA certificate") ||
        says(failure, "error fetching CA certificate")) {
        return {Action::retry_slowly,
                "the PKI mount has no usable issuer: its issuer, key or default was deleted or "
                "restricted"};
    }
    if (says(failure, "unknown role")) {
        return {Action::retry_slowly, fmt::format("{} names an unknown role: create it", path)};
    }
    if (says(failure, "role requires keys of type")) {
        return {Action::retry_slowly,
                fmt::format("role {} takes another type of key: set key_type=any", role)};
    }
    if (failure.status == 400) {
        return {Action::retry_slowly,
                fmt::format("role {} refuses the request: {}", role, told(failure))};
    }
    return {Action::retry, fmt::format("signing failed: {}", told(failure))};
}

Decision of_step(Step step, const Failure& failure, const Asked& asked) {
    if (step == Step::token_request) {
        return of_token_request(failure, asked);
    }
    if (auto general = of_server(failure)) {
        return *general;
    }
    return step == Step::login ? of_login(failure, asked) : of_sign(failure, asked);
}

}  // namespace

Decision decide(Step step, const Failure& failure, const Asked& asked) {
    auto decision = of_step(step, failure, asked);
    // One namespace's mounts are not another's, and a Vault without any looks in its only one.
    if (!asked.vault_namespace.empty() && step != Step::token_request &&
        (says(failure, "no handler for route") || says(failure, "namespace not found"))) {
        decision.reason += fmt::format(
            "; the account names the namespace \"{}\": is it there, and does this Vault have "
            "namespaces at all?",
            asked.vault_namespace);
    }
    // Elsewhere it means other things: after a 201, or a redirect.
    if (failure.status == 429 || failure.status == 503) {
        decision.no_sooner = failure.retry_after;
    }
    return decision;
}

}  // namespace meshproof::mesh
