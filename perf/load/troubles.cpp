#include "perf/load/troubles.hpp"

#include <algorithm>

#include "core/base/answer.hpp"

namespace meshproof::load {
namespace {

/// The server's own text where it gave one; of the wire only the kind, since its messages name
/// ports and times.
std::string text_of_kind(const Failure& failure) {
    if (failure.status == 0) {
        return std::string(to_string(failure.kind));
    }
    return failure.errors.empty() ? failure.message : one_line(failure.errors.front());
}

}  // namespace

std::string_view name_of(const std::optional<mesh::Step>& step) {
    if (!step) {
        return "sys/health";
    }
    return *step == mesh::Step::login ? "login" : "sign";
}

void Troubles::add(const Refused& refused, Duration at) {
    constexpr std::size_t most_kinds = 50;
    const auto& failure = refused.failure;
    const int step = refused.step ? static_cast<int>(*refused.step) : -1;
    Kind kind(step, failure.status, text_of_kind(failure));
    if (kinds_.size() >= most_kinds && !kinds_.contains(kind)) {
        kind = Kind(step, failure.status, "other texts");
    }
    auto& trouble = kinds_[kind];
    if (trouble.count == 0) {
        trouble.step = refused.step;
        trouble.status = failure.status;
        trouble.text = std::get<2>(kind);
        trouble.meaning =
            mesh::decide(refused.step.value_or(mesh::Step::login), failure, asked_).reason;
        trouble.first = at;
    }
    ++trouble.count;
    trouble.last = at;
}

std::vector<Trouble> Troubles::list() const {
    std::vector<Trouble> all;
    for (const auto& [kind, trouble] : kinds_) {
        all.push_back(trouble);
    }
    std::ranges::sort(all, std::ranges::greater(), [](const Trouble& trouble) {
        return std::tie(trouble.count, trouble.status, trouble.text);
    });
    return all;
}

bool AbortWatch::second(std::uint64_t ended, std::uint64_t failed) {
    if (ended == 0) {
        return false;
    }
    const auto share = static_cast<double>(failed) / static_cast<double>(ended);
    row_ = share > rule_.errors ? row_ + std::chrono::seconds(1) : Duration::zero();
    return row_ >= rule_.lasting;
}

}  // namespace meshproof::load
