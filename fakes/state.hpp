#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/answer.hpp"
#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "core/crypto/crl.hpp"
#include "core/crypto/key.hpp"
#include "core/time/time.hpp"

/// How what the fakes hold becomes JSON and comes back: times and durations as nanoseconds, keys,
/// certificates and lists as PEM. For the files that save and load, and for nobody else.
namespace meshproof::fakes {

/// Thrown where a saved state cannot be used; caught by load_state().
struct StateFault {
    std::string where;  ///< "namespaces/0/policies/default/text", "" = the whole of it
    std::string why;
};

/// Ends the reading of a saved state.
template <class... Args>
[[noreturn]] void refuse_state(fmt::format_string<Args...> format, Args&&... args) {
    throw StateFault{{}, fmt::format(format, std::forward<Args>(args)...)};
}

/// Runs a function that reads the part of a state that is called so: what is wrong in there is
/// told with its place.
template <class Load>
void in_part(std::string_view part, Load load) {
    const auto inside = [part](const std::string& where) {
        return fmt::format("{}{}{}", part, part.empty() || where.empty() ? "" : "/", where);
    };
    try {
        load();
    } catch (const StateFault& fault) {
        throw StateFault{inside(fault.where), fault.why};
    } catch (const nlohmann::json::exception& error) {
        const std::string text = error.what();  // "[json.exception.type_error.302] type must be …"
        throw StateFault{inside({}), text.substr(text.find("] ") + 2)};
    } catch (const CannotGoOn& error) {
        throw StateFault{inside({}), error.what()};
    }
}

/// Runs a function that reads a saved state. What is missing in it, or is something else than it
/// should be, is an `invalid` failure of one line: where, and why.
template <class Load>
[[nodiscard]] Result<void> load_state(Load load) {
    try {
        in_part({}, load);
        return {};
    } catch (const StateFault& fault) {
        return fail(FailureKind::invalid, "{}",
                    one_line(fault.where.empty() ? fault.why : fault.where + ": " + fault.why));
    }
}

/// A value of a state, part by part where it has some.
template <class T>
void read_value(const nlohmann::json& state, T& value) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        // The library would cast 1e25, which is undefined.
        if (!state.is_number_integer()) {
            refuse_state("expected a whole number");
        }
    }
    state.get_to(value);
}
template <class T>
void read_value(const nlohmann::json& state, std::vector<T>& values);
template <class T>
void read_value(const nlohmann::json& state, std::map<std::string, T, std::less<>>& values);

/// `state[name]`, which must be there.
template <class T>
void read_member(const nlohmann::json& state, std::string_view name, T& value) {
    const auto& saved = state.at(std::string(name));
    in_part(name, [&] { read_value(saved, value); });
}

template <class T>
void read_value(const nlohmann::json& state, std::vector<T>& values) {
    values.clear();
    for (const auto& saved : state.get_ref<const nlohmann::json::array_t&>()) {
        in_part(std::to_string(values.size()), [&] { read_value(saved, values.emplace_back()); });
    }
}
template <class T>
void read_value(const nlohmann::json& state, std::map<std::string, T, std::less<>>& values) {
    values.clear();
    for (const auto& [name, saved] : state.get_ref<const nlohmann::json::object_t&>()) {
        in_part(name, [&] { read_value(saved, values[name]); });
    }
}

/// Reads every part of `state[name]`, a list or an object: `read(value, key)`, the key of a list's
/// being its index.
template <class Read>
void read_each(const nlohmann::json& state, std::string_view name, Read read) {
    const auto& saved = state.at(std::string(name));
    in_part(name, [&] {
        if (!saved.is_structured()) {
            refuse_state("expected a list or an object, got {}", saved.type_name());
        }
        for (const auto& [key, value] : saved.items()) {
            in_part(key, [&] { read(value, key); });
        }
    });
}

}  // namespace meshproof::fakes

/// How a struct with these members is saved, as an object of them, and read.
#define MESHPROOF_SAVED(Type, ...)                                                        \
    inline void to_json(nlohmann::json& nlohmann_json_j, const Type& nlohmann_json_t) {   \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, __VA_ARGS__))          \
    }                                                                                     \
    inline void from_json(const nlohmann::json& nlohmann_json_j, Type& nlohmann_json_t) { \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(MESHPROOF_READ_MEMBER, __VA_ARGS__))     \
    }
#define MESHPROOF_READ_MEMBER(member) \
    ::meshproof::fakes::read_member(nlohmann_json_j, #member, nlohmann_json_t.member);

namespace nlohmann {

template <class T>
struct adl_serializer<std::optional<T>> {
    static void to_json(json& out, const std::optional<T>& value) {
        out = value ? json(*value) : json();
    }
    static void from_json(const json& in, std::optional<T>& value) {
        value.reset();
        if (!in.is_null()) {
            meshproof::fakes::read_value(in, value.emplace());
        }
    }
};

template <>
struct adl_serializer<meshproof::Duration> {
    static void to_json(json& out, const meshproof::Duration& value) { out = value.count(); }
    static void from_json(const json& in, meshproof::Duration& value) {
        std::int64_t nanoseconds = 0;
        meshproof::fakes::read_value(in, nanoseconds);
        value = meshproof::Duration(nanoseconds);
    }
};

template <>
struct adl_serializer<meshproof::Time> {
    static void to_json(json& out, const meshproof::Time& value) { out = value.time_since_epoch(); }
    static void from_json(const json& in, meshproof::Time& value) {
        // Sums of a date and some centuries still fit into 64 bits of nanoseconds.
        static const auto earliest = meshproof::from_unix_seconds(0),
                          latest = meshproof::from_unix_seconds(4'102'444'800);
        value = meshproof::Time(in.get<meshproof::Duration>());
        if (value < earliest || value > latest) {
            meshproof::fakes::refuse_state("expected a date from 1970 to 2100");
        }
    }
};

template <>
struct adl_serializer<meshproof::Secret> {
    static void to_json(json& out, const meshproof::Secret& value) { out = value.reveal(); }
    static void from_json(const json& in, meshproof::Secret& value) {
        value = meshproof::Secret(in.get<std::string>());
    }
};

template <>
struct adl_serializer<meshproof::crypto::Key> {
    static void to_json(json& out, const meshproof::crypto::Key& value) { out = value.pkcs8_pem(); }
    static void from_json(const json& in, meshproof::crypto::Key& value) {
        value = meshproof::require(meshproof::crypto::Key::from_pem(in.get<std::string>()));
    }
};

template <>
struct adl_serializer<meshproof::crypto::Certificate> {
    static void to_json(json& out, const meshproof::crypto::Certificate& value) {
        out = value.pem();
    }
    static void from_json(const json& in, meshproof::crypto::Certificate& value) {
        value = meshproof::require(meshproof::crypto::Certificate::from_pem(in.get<std::string>()));
    }
};

template <>
struct adl_serializer<meshproof::crypto::Crl> {
    static void to_json(json& out, const meshproof::crypto::Crl& value) {
        out = value.native() == nullptr ? json() : json(value.pem());
    }
    static void from_json(const json& in, meshproof::crypto::Crl& value) {
        value = in.is_null()
                    ? meshproof::crypto::Crl()
                    : meshproof::require(meshproof::crypto::Crl::from_pem(in.get<std::string>()));
    }
};

}  // namespace nlohmann
