#include "reports/place.hpp"

namespace meshproof::reports {
namespace {

/// Of a Duration: it ends at 292 years.
constexpr std::uint64_t most_milliseconds = 9'000'000'000'000;

/// The value as a message shows it: short, and in ASCII.
std::string shown(const Place::Json& value) {
    if (value.is_array() || value.is_object()) {
        return value.is_array() ? "a list" : "an object";
    }
    constexpr std::size_t most = 60;
    auto text = value.dump(-1, ' ', /*ensure_ascii=*/true, Place::Json::error_handler_t::replace);
    return text.size() > most ? text.substr(0, most) + "..." : text;
}

}  // namespace

Place Place::operator[](const std::string& name) const {
    auto path = path_.empty() ? name : fmt::format("{}.{}", path_, name);
    if (exists() && !value_->is_object()) {
        wrong("an object");
    }
    const bool known = exists() && value_->is_object() && value_->contains(name);
    return {known ? &value_->at(name) : nullptr, std::move(path), *problem_};
}

std::vector<Place> Place::items() const {
    std::vector<Place> out;
    if (is(Json::value_t::array, "a list")) {
        for (std::size_t i = 0; i < value_->size(); ++i) {
            out.emplace_back(&value_->at(i), fmt::format("{}[{}]", path_, i), *problem_);
        }
    }
    return out;
}

std::vector<std::pair<std::string, Place>> Place::members() const {
    std::vector<std::pair<std::string, Place>> out;
    if (is(Json::value_t::object, "an object")) {
        for (const auto& [name, value] : value_->items()) {
            out.emplace_back(name, (*this)[name]);
        }
    }
    return out;
}

run::TraceEvent::Fields Place::text_members() const {
    run::TraceEvent::Fields out;
    for (const auto& [name, place] : members()) {
        out.emplace_back(name, place.text());
    }
    return out;
}

std::string Place::text() const {
    return is(Json::value_t::string, "a string") ? value_->get<std::string>() : std::string();
}

std::vector<std::string> Place::texts() const {
    std::vector<std::string> out;
    for (const auto& item : items()) {
        out.push_back(item.text());
    }
    return out;
}

bool Place::flag() const {
    return is(Json::value_t::boolean, "true or false") && value_->get<bool>();
}

std::uint64_t Place::whole(std::uint64_t least, std::uint64_t most) const {
    const bool number = exists() && value_->is_number_unsigned();
    const auto value = number ? value_->get<std::uint64_t>() : 0;
    if (!number || value < least || value > most) {
        wrong(fmt::format("a whole number from {} to {}", least, most));
        return least;
    }
    return value;
}

double Place::number(double most) const {
    const bool number = exists() && value_->is_number();
    const auto value = number ? value_->get<double>() : 0;
    if (!number || value < 0 || value > most) {
        wrong(most == std::numeric_limits<double>::max()
                  ? std::string("a number from 0 up")
                  : fmt::format("a number from 0 to {}", most));
        return 0;
    }
    return value;
}

std::chrono::milliseconds Place::milliseconds() const {
    return std::chrono::milliseconds(whole(0, most_milliseconds));
}

std::chrono::microseconds Place::microseconds() const {
    return std::chrono::microseconds(whole(0, most_milliseconds * 1000));
}

Time Place::date() const {
    const auto parsed = parse_rfc3339(text());
    if (!parsed) {
        wrong("a date such as 2026-01-02T03:04:05Z");
    }
    return std::chrono::floor<std::chrono::milliseconds>(parsed.value_or(Time()));
}

void Place::wrong(std::string_view expected) const {
    if (problem_->empty()) {
        *problem_ = fmt::format("{}: expected {}, got {}", path_.empty() ? "the document" : path_,
                                expected, exists() ? shown(*value_) : "nothing");
    }
}

bool Place::is(Json::value_t type, std::string_view name) const {
    if (exists() && value_->type() == type) {
        return true;
    }
    wrong(name);
    return false;
}

}  // namespace meshproof::reports
