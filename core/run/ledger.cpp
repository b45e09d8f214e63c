#include "core/run/ledger.hpp"

namespace meshproof::run {
namespace {

/// An undo that cannot go on must not keep the others from being tried.
Task<Result<void>> tried(Ledger::Undo undo) {
    try {
        co_return co_await undo();
    } catch (const CannotGoOn& cannot) {
        co_return tl::unexpected<Failure>(cannot.failure());
    } catch (const std::exception& error) {
        co_return fail(FailureKind::invalid, "{}", error.what());
    }
}

}  // namespace

Task<std::vector<std::string>> Ledger::undo_all() {
    std::vector<std::string> problems;
    while (!entries_.empty()) {
        auto entry = std::move(entries_.back());
        entries_.pop_back();
        const auto undone = co_await tried(std::move(entry.undo));
        if (!undone && undone.error().kind != FailureKind::not_found) {
            problems.push_back(fmt::format("{}: {}", entry.what, undone.error().message));
        }
    }
    co_return problems;
}

}  // namespace meshproof::run
