#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "core/crypto/crl.hpp"
#include "core/crypto/key.hpp"
#include "core/time/time.hpp"

/// How what the fakes hold becomes JSON and comes back: times and durations as nanoseconds, keys,
/// certificates and lists as PEM. For the files that save and load, and for nobody else.
namespace meshproof::fakes {

/// Ends the reading of a saved state.
template <class... Args>
[[noreturn]] void refuse_state(fmt::format_string<Args...> format, Args&&... args) {
    throw CannotGoOn(fail(FailureKind::invalid, format, std::forward<Args>(args)...).value());
}

/// Runs a function that reads a saved state. What is missing in it, or is something else than it
/// should be, is an `invalid` failure.
template <class Load>
[[nodiscard]] Result<void> load_state(Load load) {
    try {
        load();
        return {};
    } catch (const nlohmann::json::exception& error) {
        const std::string text = error.what();  // "[json.exception.out_of_range.403] key …"
        return fail(FailureKind::invalid, "{}", text.substr(text.find("] ") + 2));
    } catch (const CannotGoOn& error) {
        return fail(FailureKind::invalid, "{}", error.what());
    }
}

}  // namespace meshproof::fakes

namespace nlohmann {

template <class T>
struct adl_serializer<std::optional<T>> {
    static void to_json(json& out, const std::optional<T>& value) {
        out = value ? json(*value) : json();
    }
    static void from_json(const json& in, std::optional<T>& value) {
        value = in.is_null() ? std::nullopt : std::optional<T>(in.get<T>());
    }
};

template <>
struct adl_serializer<meshproof::Duration> {
    static void to_json(json& out, const meshproof::Duration& value) { out = value.count(); }
    static void from_json(const json& in, meshproof::Duration& value) {
        value = meshproof::Duration(in.get<std::int64_t>());
    }
};

template <>
struct adl_serializer<meshproof::Time> {
    static void to_json(json& out, const meshproof::Time& value) { out = value.time_since_epoch(); }
    static void from_json(const json& in, meshproof::Time& value) {
        value = meshproof::Time(in.get<meshproof::Duration>());
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
