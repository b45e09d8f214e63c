#include "fakes/vault/server/tokens.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::fakes::vault {

namespace {

constexpr std::string_view service_prefix = "hvs.";
constexpr std::size_t letters_of_id = 24, signature_size = 32;
// A protobuf message of fixed shape: version 1 and the signature, and a message of the id alone.
constexpr std::string_view before_signature("\x08\x01\x12\x20", 4);
constexpr std::string_view before_inner_id("\x1a\x1e\x0a\x1c", 4);

}  // namespace

std::string inner_id(std::string_view id) {
    const auto message = id.starts_with(service_prefix)
                             ? from_base64url(id.substr(service_prefix.size())).value_or("")
                             : std::string();
    const auto inner = before_signature.size() + signature_size + before_inner_id.size();
    const bool whole = message.size() == inner + service_prefix.size() + letters_of_id &&
                       message.starts_with(before_signature) &&
                       message.substr(0, inner).ends_with(before_inner_id);
    return whole ? message.substr(inner) : std::string(id);
}

bool Token::is_root() const {
    return std::ranges::find(policies, "root") != policies.end();
}

bool of_no_namespace(Product product, std::string_view id) {
    if (product != Product::vault) {
        return false;
    }
    for (const auto* prefix : {"hvs.", "hvb.", "hvr.", "s.", "b."}) {
        if (id.starts_with(prefix)) {
            id.remove_prefix(std::string_view(prefix).size());
            break;
        }
    }
    const auto dot = id.rfind('.');
    const auto named = dot == std::string_view::npos ? std::string_view() : id.substr(dot + 1);
    return !named.empty() && named != "root";
}

bool lease_of_no_namespace(Product product, std::string_view id) {
    const auto slash = id.rfind('/');
    return of_no_namespace(product, slash == std::string_view::npos ? id : id.substr(slash + 1));
}

std::vector<std::string> tidy_policies(const std::vector<std::string>& policies, bool add_default) {
    std::set<std::string> names;
    for (const auto& policy : policies) {
        const auto name = lower(trim(policy));
        if (!name.empty()) {
            names.insert(name);
        }
    }
    if (names.contains("root")) {
        return {"root"};
    }
    if (add_default) {
        names.insert("default");
    }
    return {names.begin(), names.end()};
}

std::int64_t remaining_seconds(const std::optional<Time>& expires, Time now) {
    if (!expires) {
        return 0;
    }
    // The server subtracts the current time rounded to seconds, then cuts.
    return whole_seconds(*expires - std::chrono::round<std::chrono::seconds>(now));
}

std::string TokenStore::base62(std::size_t count) {
    static constexpr std::string_view alphabet =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += alphabet[prng_.below(alphabet.size())];
    }
    return text;
}

std::string TokenStore::make_id(const Token& token, std::string_view suffix) {
    const bool openbao = product_ == Product::openbao;
    if (token.is_batch()) {
        // A Kubernetes login carries its metadata inside: about 420 characters.
        const auto bytes = prng_.bytes(token.metadata.value_or(PairsMap()).empty() ? 102 : 312);
        return fmt::format("{}{}{}", openbao ? "b." : "hvb.", to_base64url(as_text(bytes)), suffix);
    }
    if (openbao) {
        return fmt::format("s.{}{}", base62(letters_of_id), suffix);
    }
    const auto inner = std::string(service_prefix) + base62(letters_of_id);
    if (token.is_root()) {
        return inner;
    }
    const auto signature = prng_.bytes(signature_size);
    std::string message(before_signature);
    message.append(as_text(signature)).append(before_inner_id).append(inner);
    return std::string(service_prefix) + to_base64url(message);
}

Token TokenStore::named(Token token, std::string_view namespace_id) {
    const auto suffix = namespace_id.empty() ? std::string() : "." + std::string(namespace_id);
    if (token.id.empty()) {
        token.id = make_id(token, suffix);
    }
    if (!token.is_batch()) {
        token.accessor = base62(24) + suffix;
        token.lease = "h" + to_hex(prng_.bytes(32)) + suffix;
    }
    return token;
}

std::shared_ptr<Token> TokenStore::add(Token token, std::string_view namespace_id) {
    return keep(named(std::move(token), namespace_id));
}

std::shared_ptr<Token> TokenStore::keep(Token token) {
    auto kept = std::make_shared<Token>(std::move(token));
    tokens_[kept->id] = kept;
    if (auto inner = inner_id(kept->id); inner != kept->id) {
        by_inner_id_[std::move(inner)] = kept->id;
    }
    if (!kept->accessor.empty()) {
        accessors_[kept->accessor] = kept->id;
    }
    if (kept->expires) {
        expiries_.emplace(*kept->expires, kept->id);
    }
    if (!kept->parent.empty()) {
        children_.emplace(kept->parent, kept->id);
    }
    return kept;
}

std::shared_ptr<Token> TokenStore::find(std::string_view id) const {
    if (const auto found = tokens_.find(id); found != tokens_.end()) {
        return found->second;
    }
    const auto inner = by_inner_id_.find(id);
    return inner == by_inner_id_.end() ? nullptr : tokens_.at(inner->second);
}

std::shared_ptr<Token> TokenStore::find_accessor(std::string_view accessor) const {
    const auto found = accessors_.find(accessor);
    return found == accessors_.end() ? nullptr : find(found->second);
}

std::shared_ptr<Token> TokenStore::find_lease(std::string_view lease_id) const {
    for (const auto& [id, token] : tokens_) {
        if (!token->is_batch() && token->lease_id() == lease_id) {
            return token;
        }
    }
    return nullptr;
}

void TokenStore::renewed(Token& token, std::optional<Time> expires) {
    if (token.expires) {
        expiries_.erase({*token.expires, token.id});
    }
    token.expires = expires;
    if (expires) {
        expiries_.emplace(*expires, token.id);
    }
}

void TokenStore::end(const std::shared_ptr<Token>& token, bool with_children) {
    if (token->expires) {
        expiries_.erase({*token->expires, token->id});
    }
    accessors_.erase(token->accessor);
    tokens_.erase(token->id);
    by_inner_id_.erase(inner_id(token->id));
    std::vector<std::string> children;
    const auto [first, last] = children_.equal_range(token->id);
    for (auto child = first; child != last; ++child) {
        children.push_back(child->second);
    }
    children_.erase(first, last);
    if (ended_) {
        ended_(*token);
    }
    for (const auto& id : children) {
        const auto child = find(id);
        if (!child) {
            continue;
        }
        if (with_children || child->is_batch()) {  // a batch token looks for its parent at each use
            end(child, true);
        } else {
            child->parent.clear();
            child->orphan = true;
        }
    }
}

void TokenStore::revoke(std::string_view id) {
    if (const auto token = find(id)) {
        end(token, true);
    }
}

void TokenStore::revoke_orphaning_children(std::string_view id) {
    if (const auto token = find(id)) {
        end(token, false);
    }
}

void TokenStore::revoke_prefix(std::string_view namespace_path, std::string_view prefix) {
    std::vector<std::string> ids;
    for (const auto& [id, token] : tokens_) {
        if (!token->is_batch() && token->namespace_path == namespace_path &&
            token->lease_id().starts_with(prefix) && (token->expires || !token->is_root())) {
            ids.push_back(id);
        }
    }
    for (const auto& id : ids) {
        revoke(id);
    }
}

void TokenStore::revoke_namespace(std::string_view namespace_path) {
    std::vector<std::string> ids;
    for (const auto& [id, token] : tokens_) {
        if (token->namespace_path.starts_with(namespace_path)) {
            ids.push_back(id);
        }
    }
    for (const auto& id : ids) {
        revoke(id);
    }
}

void TokenStore::expire(Time now) {
    while (!expiries_.empty() && expiries_.begin()->first <= now) {
        const auto id = expiries_.begin()->second;
        expiries_.erase(expiries_.begin());
        if (const auto token = find(id)) {
            end(token, true);
        }
    }
}

}  // namespace meshproof::fakes::vault
