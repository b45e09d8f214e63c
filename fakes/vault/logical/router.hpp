#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "fakes/vault/logical/fields.hpp"
#include "fakes/vault/logical/help.hpp"

/// Which paths a mount serves and what each needs: one table a mount, as the servers have it.
namespace meshproof::fakes::vault {

/// Paths below a mount. Segments are literal, `:name` (a name), `:serial` (hex, ':' and '-'),
/// `:path+` (anything, slashes too) and `:path*` (or nothing); a last `:name?` is a name or no
/// segment, a last `?` an end in '/' or none. The path of a LIST ends in '/'.
class Pattern {
  public:
    // NOLINTBEGIN(google-explicit-constructor): tables
    Pattern(std::string_view text);
    Pattern(const std::string& text) : Pattern(std::string_view(text)) {}
    Pattern(const char* text) : Pattern(std::string_view(text)) {}
    // NOLINTEND(google-explicit-constructor)

    bool operator==(const Pattern&) const = default;
    [[nodiscard]] std::optional<Captures> match(std::string_view path) const;
    /// Whether it speaks of the path, even if that has no name where one should be: so the servers
    /// see what a path needs before they see what it is.
    [[nodiscard]] bool covers(std::string_view path) const;
    /// As Go's expression of the paths that fit, and the names in it.
    [[nodiscard]] RouteHelp help() const;
    /// As OpenAPI writes it, with its names in braces; see RouteShape.
    [[nodiscard]] std::vector<std::pair<std::string, std::vector<std::string>>> templates() const;

  private:
    [[nodiscard]] std::optional<std::vector<std::string>> parts_of(std::string_view path) const;

    std::vector<std::string> segments_;
    bool slash_ = false;     ///< it may end in one
    bool optional_ = false;  ///< its last name may be absent
};

/// What the paths of one pattern do. One without operations is not played, but needs what it needs.
template <class Function>
struct Route {
    Pattern pattern;
    std::vector<std::pair<Operation, Function>> operations;
    Fields fields{};  ///< besides the pattern's own names
    Needs needs = Needs::token;
    bool existence_check = false;  ///< it reads the fields first, and words their refusal
};

/// A request with the function that serves it.
template <class Function>
struct Routed {
    Function function;
    Captures path;
    FieldData fields;
};

template <class Function>
class Router {
  public:
    explicit Router(std::vector<Route<Function>> routes) : routes_(std::move(routes)) {}

    [[nodiscard]] bool needs(Needs what, std::string_view path) const {
        return std::ranges::any_of(routes_, [&](const auto& route) {
            return route.needs == what && route.pattern.covers(path);
        });
    }

    /// What the path takes, or of an empty path what there is; nothing where no route fits.
    [[nodiscard]] std::optional<std::string> help(std::string_view path) const {
        std::vector<std::string> expressions;
        std::optional<RouteHelp> found;
        const Pattern* first = nullptr;
        for (const auto& route : routes_) {
            auto told = route.pattern.help();
            if (route.operations.empty()) {
                continue;  // not played
            }
            if (std::ranges::find(expressions, told.expression) == expressions.end()) {
                expressions.push_back(told.expression);
            }
            if (first == nullptr && !path.empty() && route.pattern.match(path)) {
                first = &route.pattern;
                found = std::move(told);
            }
            if (first != nullptr && route.pattern == *first) {
                found->fields.types.insert(route.fields.types.begin(), route.fields.types.end());
            }
        }
        std::ranges::sort(expressions);
        return path.empty() ? std::optional(help_of(expressions))
               : found      ? std::optional(help_of(*found, path))
                            : std::nullopt;
    }

    /// Every route that is played.
    [[nodiscard]] std::vector<RouteShape> shapes() const {
        std::vector<RouteShape> all;
        for (const auto& route : routes_) {
            RouteShape shape{route.pattern.templates(), {}, route.fields, route.needs};
            for (const auto& one : route.operations) {
                shape.operations.push_back(one.first);
            }
            if (!shape.operations.empty()) {
                all.push_back(std::move(shape));
            }
        }
        return all;
    }

    /// What the first pattern that fits the path has for the operation (several routes may have
    /// one pattern); or the refusal: of the path, of the operation, of the fields.
    [[nodiscard]] tl::expected<Routed<Function>, BackendResponse> route(Operation operation,
                                                                        std::string_view path,
                                                                        const Json& data,
                                                                        Product product) const {
        const auto asked = operation == Operation::create ? Operation::update : operation;
        const auto first = std::ranges::find_if(routes_, [&](const auto& route) {
            return !route.operations.empty() && route.pattern.match(path);
        });
        if (first == routes_.end()) {
            return tl::unexpected(BackendResponse::unsupported_path());
        }
        for (auto route = first; route != routes_.end(); ++route) {
            const auto function = std::ranges::find(route->operations, asked,
                                                    [](const auto& one) { return one.first; });
            if (function == route->operations.end() || !(route->pattern == first->pattern)) {
                continue;
            }
            auto captures = *first->pattern.match(path);
            auto fields = FieldData::read(route->fields, data, product, captures);
            if (!fields) {
                const auto& said = fields.error().message;
                return tl::unexpected(
                    BackendResponse::error(route->existence_check ? without_front(said) : said));
            }
            return Routed<Function>{function->second, std::move(captures), std::move(*fields)};
        }
        return tl::unexpected(BackendResponse::unsupported_operation());
    }

    /// Whether it is looked whether a thing is there before a write: of a name that no route takes
    /// nobody looks, and the write is an update.
    [[nodiscard]] bool checks_existence(std::string_view path) const {
        return std::ranges::any_of(routes_, [&](const auto& route) {
            return route.existence_check && route.pattern.match(path);
        });
    }

    /// What a write to a path with an existence check is told of fields that cannot be read.
    [[nodiscard]] std::optional<BackendResponse> misread(std::string_view path, const Json& data,
                                                         Product product) const {
        const auto routed = checks_existence(path)
                                ? std::optional(route(Operation::update, path, data, product))
                                : std::nullopt;
        return routed && !*routed ? std::optional(routed->error()) : std::nullopt;
    }

  private:
    std::vector<Route<Function>> routes_;
};

/// The path as a table has it.
[[nodiscard]] std::string routed_path(Operation operation, std::string_view path);

/// All operations, with one function.
template <class Function>
[[nodiscard]] std::vector<std::pair<Operation, Function>> every_operation(Function function) {
    using enum Operation;
    std::vector<std::pair<Operation, Function>> all;
    for (const auto operation : {read, update, remove, list, patch}) {
        all.emplace_back(operation, function);
    }
    return all;
}

}  // namespace meshproof::fakes::vault
