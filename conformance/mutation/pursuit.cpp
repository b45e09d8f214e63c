#include "conformance/mutation/pursuit.hpp"

#include <algorithm>
#include <regex>

#include "conformance/mutation/hints.hpp"
#include "conformance/mutation/likely.hpp"

namespace meshproof::conformance::mutation {
namespace {

using vault::Product;

/// "PUT /v1/pki/sign/app": without what is a run's own.
std::string shape_of(const Seen& seen) {
    static const std::regex own("meshproof-[a-z0-9-]*-");
    return seen.method + " " + std::regex_replace(seen.target, own, "");
}

bool fine(const Change& change) {
    return change.part == Change::Part::header ||
           (change.part == Change::Part::body && !change.edit.path.empty());
}

/// One check on one product.
class Pursuit {
  public:
    Pursuit(Stage& stage, const run::Check& check, Product product, const PursuitOptions& options,
            CheckPursuit& result)
        : stage_(stage), check_(check), product_(product), options_(options), result_(result) {}

    void run() {
        if (!begin(nullptr)) {
            return;
        }
        first_ = play(stage_, check_, product_);
        result_.verdicts[product_] = first_.outcome.verdict;
        result_.reasons[product_] = first_.outcome.reason;
        note(first_, nullptr);
        if (first_.outcome.verdict != run::Verdict::pass) {
            return;
        }
        for (std::size_t i = 0; i < first_.seen.size(); ++i) {
            std::ranges::move(changes_of(first_.seen[i], i), std::back_inserter(changes_));
            std::ranges::move(repeats_of(first_.seen, i), std::back_inserter(changes_));
        }
        if (first_.stand_ins) {
            std::ranges::move(call_changes(first_.calls, first_.seen.size()),
                              std::back_inserter(changes_));
        }
        know_changes();
        if (options_.all) {
            try_all();
        }
        // The last first: what makes it fail often makes those before it fail, too.
        for (auto i = first_.expectations.size(); i-- > 0 && !ended_;) {
            pursue(first_.expectations[i]);
        }
    }

  private:
    bool begin(const Change* change) {
        ended_ = ended_ || (options_.before && !options_.before(check_, product_, change));
        result_.plays += ended_ ? 0 : 1;
        return !ended_;
    }

    void know_changes() {
        tried_.resize(changes_.size());
        for (auto i = words_.size(); i < changes_.size(); ++i) {
            words_.push_back(telling_words(changes_[i].what()));
        }
    }

    void note(const Play& played, const Change* change) {
        for (const auto& expectation : played.expectations) {
            auto& pursued = result_.expectations[expectation.at];
            if (pursued.text.empty()) {
                pursued.what = expectation.what;
                pursued.text = expectation.text;
                pursued.excused = options_.excused && options_.excused(check_, expectation);
            }
            if (!expectation.held && pursued.failed_under.empty()) {
                pursued.failed_under = fmt::format("{} {}", vault::to_string(product_),
                                                   change == nullptr ? "" : change->name());
                if (options_.habits != nullptr && change != nullptr) {
                    (*options_.habits)[expectation.at].insert(change->what());
                }
            }
        }
        for (const auto& place : played.took) {
            result_.branches[place].insert(product_);
        }
    }

    /// Plays with this change; whether the check noticed.
    bool attempt(std::size_t index) {
        const auto& change = changes_[index];
        tried_[index] = true;
        if (!begin(&change)) {
            return false;
        }
        const auto played = play(stage_, check_, product_, &change);
        if (!played.applied) {
            // What fails now fails without it: that would be no proof.
            result_.unmade.push_back(change.name());
            return false;
        }
        note(played, &change);
        return played.noticed();
    }

    void try_all() {
        auto& score = result_.scores[product_];
        for (std::size_t i = 0; i < changes_.size() && !ended_; ++i) {
            const auto& change = changes_[i];
            const auto& seen = first_.seen[change.exchange];
            if (seen.set_up) {
                continue;
            }
            const bool noticed = attempt(i);
            ++score.changes;
            score.noticed += noticed ? 1 : 0;
            score.fine += noticed && fine(change) ? 1 : 0;
            if (noticed) {
                result_.noticed.insert(shape_of(seen) + " " + change.what());
            }
        }
    }

    [[nodiscard]] bool done(const Expectation& expectation) const {
        const auto& pursued = result_.expectations.at(expectation.at);
        return !pursued.failed_under.empty() || pursued.excused;
    }

    /// Changes not yet tried, the likeliest first.
    [[nodiscard]] std::vector<std::size_t> ranked(const Expectation& expectation) const {
        constexpr int by_habit = 5000;
        const auto habits =
            options_.habits == nullptr ? Habits::iterator() : options_.habits->find(expectation.at);
        const bool known = options_.habits != nullptr && habits != options_.habits->end();
        const Likelihood likelihood(expectation, source_near(expectation.at, 5, 1));
        std::vector<std::pair<int, std::size_t>> scored;
        for (std::size_t i = 0; i < changes_.size(); ++i) {
            const auto& seen = first_.seen[changes_[i].exchange];
            const auto score =
                tried_[i] ? std::nullopt : likelihood.of(changes_[i], seen, words_[i]);
            if (score) {
                const bool habit = known && habits->second.contains(changes_[i].what());
                scored.emplace_back(-*score - (habit ? by_habit : 0), i);
            }
        }
        std::ranges::sort(scored);
        std::vector<std::size_t> order;
        for (const auto& [score, index] : scored) {
            order.push_back(index);
        }
        return order;
    }

    /// What the source near the expectation names and the answers lack.
    void add_hinted(const Expectation& expectation) {
        const auto hints = hints_near(expectation.at);
        std::set<std::string> known;
        for (const auto& change : changes_) {
            known.insert(change.name());
        }
        constexpr std::size_t looked_back = 12;
        for (auto i = std::min(expectation.answered, first_.seen.size()), n = looked_back;
             i-- > 0 && n-- > 0;) {
            for (auto& change : changes_of(first_.seen[i], i, hints)) {
                if (!known.contains(change.name())) {
                    changes_.push_back(std::move(change));
                }
            }
        }
        know_changes();
    }

    void pursue(const Expectation& expectation) {
        if (done(expectation)) {
            return;
        }
        try_likely(expectation);
        if (!done(expectation) && !ended_) {
            add_hinted(expectation);
            try_likely(expectation);
        }
    }

    void try_likely(const Expectation& expectation) {
        auto& pursued = result_.expectations.at(expectation.at);
        for (const auto index : ranked(expectation)) {
            if (done(expectation) || ended_ || pursued.plays >= options_.most_plays) {
                return;
            }
            ++pursued.plays;
            (void)attempt(index);
        }
    }

    Stage& stage_;
    const run::Check& check_;
    Product product_;
    const PursuitOptions& options_;
    CheckPursuit& result_;
    Play first_;
    std::vector<Change> changes_;
    std::vector<bool> tried_;
    std::vector<std::vector<std::string>> words_;  ///< of each change's name
    bool ended_ = false;
};

}  // namespace

std::vector<At> CheckPursuit::never_failed() const {
    std::vector<At> found;
    for (const auto& [place, pursued] : expectations) {
        if (pursued.failed_under.empty()) {
            found.push_back(place);
        }
    }
    return found;
}

std::vector<At> CheckPursuit::half_taken() const {
    std::vector<At> found;
    const auto ran = std::ranges::count_if(
        verdicts, [](const auto& verdict) { return verdict.second == run::Verdict::pass; });
    for (const auto& [place, products] : branches) {
        if (ran > 1 && products.size() < 2) {
            found.push_back(place);
        }
    }
    return found;
}

CheckPursuit pursue(Stage& stage, const run::Check& check, const PursuitOptions& options) {
    CheckPursuit result;
    result.id = check.id;
    for (const auto product : {Product::openbao, Product::vault}) {
        Pursuit(stage, check, product, options, result).run();
    }
    return result;
}

}  // namespace meshproof::conformance::mutation
