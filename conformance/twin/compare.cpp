#include "conformance/twin/compare.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "conformance/twin/chance.hpp"
#include "conformance/twin/described.hpp"
#include "core/base/answer.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/time/time.hpp"
#include "core/yaml/json.hpp"

namespace meshproof::twin {
namespace {

/// Two servers are asked one after the other, and both count in whole seconds.
constexpr Duration apart = std::chrono::seconds(2);
constexpr double apart_in_seconds = 2;

/// What clients of these servers look at; others are a transport's own.
constexpr std::string_view compared_headers[] = {"Content-Type",     "Cache-Control",
                                                 "Location",         "Retry-After",
                                                 "WWW-Authenticate", "Last-Modified"};

/// Members whose values are chance whatever they look like.
constexpr std::string_view chance_members[] = {
    "accessor",  "client_token",     "token",        "nonce",      "signature",    "request_id",
    "lease_id",  "wrapped_accessor", "storage_type", "cluster_id", "cluster_name", "random_bytes",
    "plaintext", "resourceVersion",  "continue"};
/// Members that hold a date or a rest of time in numbers.
constexpr std::string_view time_words[] = {"time", "ttl",     "duration",   "expir",
                                           "date", "updated", "not_before", "not_after"};

std::string last_name(std::string_view member) {
    const auto dot = member.rfind('.');
    auto name = std::string(dot == std::string_view::npos ? member : member.substr(dot + 1));
    while (name.ends_with("[]")) {
        name.resize(name.size() - 2);
    }
    return name;
}

bool about_time(std::string_view member) {
    const auto name = lower(last_name(member));
    return std::ranges::any_of(time_words, [&name](std::string_view word) {
        return name.find(word) != std::string::npos;
    });
}

/// How the member's value looks where any value is chance: a lease's path counts, its end does not.
std::string chance_look(std::string_view member, std::string_view text) {
    auto look = look_of(text);
    const auto name = last_name(member);
    if (look.empty() && !text.empty() &&
        std::ranges::find(chance_members, name) != std::end(chance_members)) {
        const auto slash = text.rfind('/');
        look = name +
               (slash == std::string_view::npos ? "" : " " + std::string(text.substr(0, slash)));
    }
    return look;
}

/// What a text for people is about, whatever it is about this time: without quoted words, numbers
/// and chance.
std::string gist_of(std::string_view text) {
    constexpr std::size_t enough = 60;
    std::string out;
    char quote = 0;
    for (const char c : one_line(without_chance(text))) {
        if (quote != 0) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '`') {
            quote = c;
        } else if (c >= '0' && c <= '9') {
            out += out.ends_with('#') ? "" : "#";
        } else {
            out += c;
        }
    }
    return out.substr(0, enough);
}

std::string gist_of_errors(std::string_view body) {
    const auto answer = json_or_null(body);
    const Json::json_pointer first("/errors/0");
    return answer.contains(first) && answer.at(first).is_string()
               ? gist_of(answer.at(first).get<std::string>())
               : std::string();
}

std::string shown_value(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool close_texts(std::string_view real, std::string_view fake) {
    if (const auto a = parse_rfc3339(real), b = parse_rfc3339(fake); a && b) {
        return *a - *b <= apart && *b - *a <= apart;
    }
    return false;
}

/// Dates that a server signed: how long something lives is its rule, whenever it was asked.
bool signed_date(std::string_view member) {
    static constexpr std::string_view names[] = {"not_before", "not_after", "this_update",
                                                 "next_update"};
    return std::ranges::find(names, last_name(member)) != std::end(names);
}

/// The field that a refusal of a value is about; "" where it is about none.
std::string_view refused_field(std::string_view text) {
    constexpr std::string_view front = "error converting input ", before = "for field \"";
    const auto start = text.find(front);
    const auto at = start == text.npos ? start : text.find(before, start + front.size());
    if (at == text.npos) {
        return {};
    }
    text.remove_prefix(at + before.size());
    return text.substr(0, text.find('"'));
}

/// Of several wrong values the servers tell one by chance: the order is that of a map of Go's. Each
/// alone has its turn, so a field that one of the two does not look at is found there.
bool of_other_fields(std::string_view real, std::string_view fake) {
    const auto a = refused_field(real), b = refused_field(fake);
    return !a.empty() && !b.empty() && a != b;
}

bool close_rests(std::string_view real, std::string_view fake) {
    const auto a = parse_duration(real), b = parse_duration(fake);
    return a && b && *a - *b <= apart && *b - *a <= apart;
}

}  // namespace

std::vector<Difference> Comparison::compare(const std::string& key, bool shared,
                                            const http::Response& real,
                                            const http::Response& fake) {
    key_ = key;
    found_.clear();
    const bool nothing_ours = shared && lists_nothing_own(real) && lists_nothing_own(fake);
    if (real.status != fake.status && nothing_ours) {
        return {};  // one has something of others, and so a list
    }
    if (real.status != fake.status) {
        auto* status = note("status", "", fmt::format("{} {}", real.status, real.body),
                            fmt::format("{} {}", fake.status, fake.body));
        status->gist = fmt::format("{} to {}: {}{}", real.status, fake.status,
                                   gist_of_errors(real.body), gist_of_errors(fake.body));
        constexpr int refused = 400;
        status->parted = (real.status < refused) != (fake.status < refused);
        return std::move(found_);  // the rest follows from it
    }
    compare_headers(real, fake);
    compare_bodies(shared, real, fake);
    return std::move(found_);
}

Difference* Comparison::note(std::string aspect, std::string member, std::string real,
                             std::string fake) {
    const bool again = std::ranges::any_of(found_, [&](const Difference& one) {
        return one.aspect == aspect && one.member == member;
    });
    if (again) {
        return nullptr;
    }
    found_.push_back(
        {key_, std::move(aspect), std::move(member), std::move(real), std::move(fake)});
    return &found_.back();
}

void Comparison::compare_headers(const http::Response& real, const http::Response& fake) {
    for (const auto name : compared_headers) {
        const auto a = real.headers.find(name), b = fake.headers.find(name);
        if (a.value_or("") != b.value_or("") &&
            plain(a.value_or(""), true) != plain(b.value_or(""), false)) {
            note("header", std::string(name), a.value_or("(none)"), b.value_or("(none)"));
        }
    }
}

namespace {

/// A body as a value: of JSON, or of YAML where the answer is that; null where it is neither.
Json value_of(const http::Response& response) {
    const auto type = response.headers.find("Content-Type").value_or("");
    if (!type.starts_with("application/yaml")) {
        return json_or_null(response.body);
    }
    const auto documents = json_documents(response.body, {});
    return documents && documents->size() == 1 ? documents->front().value : Json();
}

/// Kubernetes' protobuf begins with four letters of its own; what follows is the object's bytes.
bool protobuf(std::string_view body) {
    return body.starts_with(std::string_view("k8s\0", 4));
}

/// A list's version counts what everybody changed, and what is left counts what everybody has.
void forget_list_version(Json& body) {
    const bool list = body.is_object() && body.contains("items") && body.contains("metadata") &&
                      body["metadata"].is_object();
    for (const auto* name : {"resourceVersion", "remainingItemCount"}) {
        if (list) {
            body["metadata"].erase(name);
        }
    }
}

std::string entry_text(const Json& entry, const char* name) {
    const bool text = entry.is_object() && entry.contains(name) && entry[name].is_string();
    return text ? entry[name].get<std::string>() : std::string();
}

/// Managers of fields are in the order of their operation, then of the second in which they wrote,
/// then of their names: whether two wrote in one second is chance. Where that order holds, they
/// come by their names alone; where it does not, as they are.
std::vector<Json> without_seconds(const Json& managers) {
    const auto in_time = [](const Json& entry) {
        return std::array{entry_text(entry, "operation"), entry_text(entry, "time"),
                          entry_text(entry, "manager")};
    };
    const auto by_name = [](const Json& entry) {
        return std::array{entry_text(entry, "operation"), entry_text(entry, "manager"),
                          entry_text(entry, "apiVersion"), entry_text(entry, "subresource")};
    };
    std::vector<Json> out(managers.begin(), managers.end());
    if (std::ranges::is_sorted(out, {}, in_time)) {
        std::ranges::sort(out, {}, by_name);
    }
    return out;
}

}  // namespace

void Comparison::compare_bodies(bool shared, const http::Response& one,
                                const http::Response& other) {
    const auto &real = one.body, &fake = other.body;
    if (real == fake || (protobuf(real) && protobuf(fake))) {
        return;
    }
    auto a = value_of(one), b = value_of(other);
    if (!a.is_null() && !b.is_null()) {
        forget_list_version(a);
        forget_list_version(b);
        if (shared) {
            keep_own(a);
            keep_own(b);
        }
        compare_values("", a, b);
        return;
    }
    if (const auto x = described(real), y = described(fake); x && y) {
        compare_values("", *x, *y);
        return;
    }
    compare_texts("", real, fake);
}

void Comparison::compare_values(const std::string& member, const Json& real, const Json& fake) {
    if (real.is_object() && fake.is_object()) {
        compare_objects(member, real, fake);
    } else if (real.is_array() && fake.is_array()) {
        compare_lists(member, real, fake);
    } else if (real.is_string() && fake.is_string()) {
        compare_texts(member, real.get<std::string>(), fake.get<std::string>());
    } else if (real.is_number() && fake.is_number()) {
        compare_numbers(member, real, fake);
    } else if (real != fake) {
        note("body", member, shown_value(real), shown_value(fake));
    }
}

void Comparison::compare_objects(const std::string& member, const Json& real, const Json& fake) {
    const auto inner = [this, &member](const std::string& name) {
        // A name that chance made says nothing about which member it is.
        // The run's own is called otherwise each time.
        auto shown = look_of(name).empty() ? name : "*";
        if (const auto at = shown.find(own_); at != std::string::npos) {
            shown.replace(at, own_.size(), "own:");
        }
        return member.empty() ? shown : member + "." + shown;
    };
    std::vector<std::string> only_real, only_fake;
    for (const auto& [name, value] : real.items()) {
        const auto twin = fake_of_.find(name);
        const auto in_fake = fake.contains(name)      ? name
                             : twin != fake_of_.end() ? twin->second
                                                      : std::string();
        if (!in_fake.empty() && fake.contains(in_fake)) {
            compare_values(inner(name), value, fake[in_fake]);
        } else if (!fake.contains(name)) {
            only_real.push_back(name);
        }
    }
    for (const auto& [name, value] : fake.items()) {
        const auto twin = real_of_.find(name);
        if (!real.contains(name) && (twin == real_of_.end() || !real.contains(twin->second))) {
            only_fake.push_back(name);
        }
    }
    // Names by chance that were not seen before: the first of the one is the first of the other.
    for (const auto& name : only_real) {
        const auto pair = std::ranges::find_if(only_fake, [&](const std::string& other) {
            return !look_of(name).empty() && look_of(name) == look_of(other) && !known(name, other);
        });
        if (pair == only_fake.end()) {
            note("body", inner(name), shown_value(real[name]), "(absent)");
            continue;
        }
        bind(name, *pair);
        compare_values(inner(name), real[name], fake[*pair]);
        only_fake.erase(pair);
    }
    for (const auto& name : only_fake) {
        note("body", inner(name), "(absent)", shown_value(fake[name]));
    }
}

void Comparison::compare_lists(const std::string& member, const Json& real, const Json& fake) {
    if (real.size() != fake.size()) {
        note("body", member, shown_value(real), shown_value(fake));
        return;
    }
    if (last_name(member) == "managedFields") {
        const auto a = without_seconds(real), b = without_seconds(fake);
        for (std::size_t i = 0; i < a.size(); ++i) {
            compare_values(member + "[]", a[i], b[i]);
        }
        return;
    }
    auto ordered = fake;
    if (only_names(real) && only_names(fake)) {
        // Lists of ids are in the order of the ids, which is chance.
        for (std::size_t i = 0; i < real.size(); ++i) {
            const auto twin = fake_of_.find(real[i].get<std::string>());
            const auto at = twin == fake_of_.end()
                                ? ordered.end()
                                : std::find(ordered.begin(), ordered.end(), Json(twin->second));
            if (at != ordered.end()) {
                std::swap(ordered[i], *at);
            }
        }
    }
    for (std::size_t i = 0; i < real.size(); ++i) {
        compare_values(member + "[]", real[i], ordered[i]);
    }
}

void Comparison::compare_numbers(const std::string& member, const Json& real, const Json& fake) {
    const bool close = about_time(member) &&
                       std::fabs(real.get<double>() - fake.get<double>()) <= apart_in_seconds;
    if (real != fake && !close) {
        note("body", member, shown_value(real), shown_value(fake));
    }
}

void Comparison::compare_texts(const std::string& member, const std::string& real,
                               const std::string& fake) {
    if (real == fake) {
        return;
    }
    if (generated(real) && generated(fake) && bind(real, fake)) {
        return;
    }
    const auto look = chance_look(member, real);
    if (!look.empty() && look == chance_look(member, fake)) {
        if (!bind(real, fake)) {
            note("body", member, fmt::format("{} (which is {} of the fake)", real, fake_of_[real]),
                 fake);
        }
        return;
    }
    if (close_texts(real, fake) || (about_time(member) && close_rests(real, fake))) {
        return;
    }
    if (const auto a = described(real), b = described(fake); a && b) {
        compare_values(member, *a, *b);
        return;
    }
    if (member == "errors[]" && of_other_fields(real, fake)) {
        return;
    }
    if (signed_date(member) || plain(real, true) != plain(fake, false)) {
        auto* told = note("body", member, real, fake);
        if (told != nullptr && (member == "errors[]" || member == "warnings[]")) {
            told->gist = fmt::format("{} / {}", gist_of(real), gist_of(fake));
        }
    }
}

bool Comparison::bind(const std::string& real, const std::string& fake) {
    const auto a = fake_of_.try_emplace(real, fake).first;
    const auto b = real_of_.try_emplace(fake, real).first;
    return a->second == fake && b->second == real;
}

bool Comparison::known(const std::string& real, const std::string& fake) const {
    return fake_of_.contains(real) || real_of_.contains(fake);
}

bool Comparison::only_names(const Json& list) const {
    return !list.empty() && std::ranges::all_of(list, [this](const Json& item) {
        if (!item.is_string()) {
            return false;
        }
        const auto text = item.get<std::string>();
        return !look_of(text).empty() || fake_of_.contains(text) || real_of_.contains(text);
    });
}

bool Comparison::lists_nothing_own(const http::Response& response) const {
    constexpr int found = 200, not_found = 404;
    if (response.status == not_found) {
        return json_or_null(response.body) == Json{{"errors", Json::array()}};
    }
    auto body = json_or_null(response.body);
    const Json::json_pointer keys("/data/keys");
    if (response.status != found || !body.contains(keys)) {
        return false;
    }
    keep_own(body);
    return body.at(keys).empty();
}

bool Comparison::generated(const std::string& name) const {
    constexpr std::size_t chance = 5;
    return name.starts_with(own_ + "g") && name.size() == own_.size() + 1 + chance;
}

bool Comparison::ours(const std::string& text) const {
    return text.find(own_) != std::string::npos || fake_of_.contains(text) ||
           real_of_.contains(text);
}

void Comparison::keep_own(Json& value) const {
    if (!value.is_object()) {
        return;
    }
    for (auto& [name, inner] : value.items()) {
        const bool names =
            name == "keys" || (name == "policies" && key_.find(" sys/polic") != std::string::npos);
        if (names && inner.is_array()) {
            Json kept = Json::array();
            for (const auto& item : inner) {
                if (item.is_string() && ours(item.get<std::string>())) {
                    kept.push_back(item);
                }
            }
            inner = kept;
        }
        if (name == "items" && inner.is_array()) {
            keep_own_items(inner);
        }
        keep_own_entries(inner, name == "key_info");
        keep_own(inner);
    }
    keep_own_entries(value, false);
}

void Comparison::keep_own_items(Json& items) const {
    Json kept = Json::array();
    const Json::json_pointer name("/metadata/name");
    for (const auto& item : items) {
        if (item.contains(name) && item.at(name).is_string() &&
            ours(item.at(name).get<std::string>())) {
            kept.push_back(item);
        }
    }
    items = kept;
}

void Comparison::keep_own_entries(Json& value, bool all) const {
    if (!value.is_object()) {
        return;
    }
    // Tables of mounts, and what is told of each key of a list: whole objects by name.
    std::vector<std::string> others;
    for (const auto& [name, inner] : value.items()) {
        const bool entry =
            all || (inner.is_object() && (name.ends_with('/') || !look_of(name).empty()));
        if (entry && !ours(name)) {
            others.push_back(name);
        }
    }
    for (const auto& name : others) {
        value.erase(name);
    }
}

std::string Comparison::plain(std::string text, bool real) const {
    if (!real) {
        // The real server's word for what both mean, so that texts about it are the same.
        for (const auto& [fake, word] : real_of_) {
            for (auto at = text.find(fake); at != std::string::npos;
                 at = text.find(fake, at + word.size())) {
                text.replace(at, fake.size(), word);
            }
        }
    }
    return without_chance(text);
}

}  // namespace meshproof::twin
