#include "core/run/mark.hpp"

#include <algorithm>

#include "core/base/assert.hpp"

namespace meshproof::run {
namespace {

constexpr std::string_view name_prefix = "meshproof-";
constexpr std::size_t id_length = 6;

bool of_id(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_run_id(std::string_view text) {
    return text.size() >= id_length && std::ranges::all_of(text.substr(0, id_length), of_id) &&
           (text.size() == id_length || (text[id_length] == '-' && text.back() != '-')) &&
           std::ranges::all_of(text.substr(id_length), [](char c) { return of_id(c) || c == '-'; });
}

RunMark::RunMark(std::string run_id) : run_id_(std::move(run_id)) {
    MESHPROOF_ASSERT(is_run_id(run_id_), "\"{}\" is no run's id", run_id_);
}

std::string RunMark::name(std::string_view base) const {
    return fmt::format("{}{}-{}", name_prefix, run_id_, base);
}

std::string RunMark::text() const {
    return fmt::format("{}={}", run_label, run_id_);
}

std::string RunMark::in_policy(std::string_view hcl) const {
    return fmt::format("# {}\n{}", text(), hcl);
}

kube::Labels RunMark::labels() const {
    return {{std::string(run_label), run_id_}};
}

std::string RunMark::run_in(std::string_view text) {
    const auto at = text.find(run_label);
    if (at == std::string_view::npos || !text.substr(at + run_label.size()).starts_with('=')) {
        return {};
    }
    const auto rest = text.substr(at + run_label.size() + 1);
    const auto end = std::ranges::find_if(rest, [](char c) { return !of_id(c) && c != '-'; });
    const auto run_id = std::string(rest.begin(), end);
    return is_run_id(run_id) ? run_id : std::string();
}

bool RunMark::belongs(std::string_view run_id, std::string_view wanted) {
    return is_run_id(run_id) &&
           (wanted.empty() || run_id == wanted || run_id.starts_with(fmt::format("{}-", wanted)));
}

bool RunMark::named_like(std::string_view name, std::string_view wanted) {
    return name.starts_with(fmt::format("{}{}{}", name_prefix, wanted, wanted.empty() ? "" : "-"));
}

}  // namespace meshproof::run
