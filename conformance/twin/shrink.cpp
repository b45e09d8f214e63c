#include "conformance/twin/shrink.hpp"

#include <algorithm>

namespace meshproof::twin {
namespace {

/// The plainest values: one that does as well tells a reader that the value did not matter.
const std::vector<Json>& plain_values() {
    static const std::vector<Json> values = {"a", 1, true, Json::array({"a"})};
    return values;
}

class Shrinking {
  public:
    Shrinking(Player& player, const Vocabulary& vocabulary, std::string signature,
              ShrinkOptions options)
        : player_(player),
          vocabulary_(vocabulary),
          signature_(std::move(signature)),
          options_(std::move(options)) {}

    Task<Shrunk> shrink(Story story) {
        best_.story = std::move(story);
        const bool again = co_await better(best_.story);
        best_.steady = again || tried_ == 0;  // unknown where nothing may be tried
        if (again) {
            co_await end_at_the_difference();
            co_await take_steps_out();
            co_await take_members_out();
            co_await make_values_plain();
            co_await take_steps_out();  // what a member referred to may be needless now
        }
        best_.tried = tried_;
        co_return std::move(best_);
    }

  private:
    /// Plays it; keeps it where it still ends in the difference.
    Task<bool> better(Story story) {
        if (tried_ >= options_.tries || options_.stopping()) {
            co_return false;
        }
        ++tried_;
        auto played = co_await player_.play(story);
        if (played.find(signature_) == nullptr) {
            co_return false;
        }
        best_.story = std::move(story);
        best_.played = std::move(played);
        co_return true;
    }

    Task<void> end_at_the_difference() {
        const auto last = best_.played.find(signature_)->number;
        auto shorter = best_.story;
        std::erase_if(shorter.steps, [last](const Step& step) { return step.number > last; });
        (void)co_await better(std::move(shorter));
    }

    /// Halves first, then one by one, from the end: what comes late leans on what comes early.
    Task<void> take_steps_out() {
        for (auto size = std::max<std::size_t>(1, best_.story.steps.size() / 2); size > 0;
             size /= 2) {
            auto end = best_.story.steps.size();
            while (end > 0) {
                const auto from = end > size ? end - size : 0;
                auto fewer = best_.story;
                const auto begin = fewer.steps.begin();
                const auto kept = std::remove_if(begin + static_cast<std::ptrdiff_t>(from),
                                                 begin + static_cast<std::ptrdiff_t>(end),
                                                 [](const Step& step) { return !step.ground; });
                fewer.steps.erase(kept, begin + static_cast<std::ptrdiff_t>(end));
                if (fewer.steps.size() < best_.story.steps.size()) {
                    (void)co_await better(std::move(fewer));
                }
                end = from;
            }
        }
        co_await take_ground_out();
    }

    /// A mount that nothing of the rest is about.
    Task<void> take_ground_out() {
        for (std::size_t i = best_.story.steps.size(); i-- > 0;) {
            if (best_.story.steps[i].ground && best_.story.steps.size() > 1) {
                auto fewer = best_.story;
                fewer.steps.erase(fewer.steps.begin() + static_cast<std::ptrdiff_t>(i));
                (void)co_await better(std::move(fewer));
            }
        }
    }

    static void forget_use(Step& step, const std::string& name) {
        std::erase_if(step.uses, [&name](const Use& use) {
            return use.in != In::path && (use.name == name || use.name.starts_with(name + "."));
        });
    }

    /// The body's members that may be another or none.
    [[nodiscard]] std::vector<std::string> members_of(const Step& step) const {
        std::vector<std::string> names;
        if (step.body && step.body->is_object()) {
            for (const auto& [name, value] : step.body->items()) {
                const auto* word = vocabulary_.find(step.key, name);
                if (word == nullptr || !word->only) {
                    names.push_back(name);
                }
            }
        }
        return names;
    }

    Task<void> take_members_out() {
        for (std::size_t i = best_.story.steps.size(); i-- > 0;) {
            for (const auto& name : members_of(best_.story.steps[i])) {
                auto fewer = best_.story;
                fewer.steps[i].body->erase(name);
                forget_use(fewer.steps[i], name);
                (void)co_await better(std::move(fewer));
            }
            for (std::size_t q = best_.story.steps[i].query.size(); q-- > 0;) {
                auto fewer = best_.story;
                const auto name = fewer.steps[i].query[q].first;
                fewer.steps[i].query.erase(fewer.steps[i].query.begin() +
                                           static_cast<std::ptrdiff_t>(q));
                forget_use(fewer.steps[i], name);
                (void)co_await better(std::move(fewer));
            }
            if (best_.story.steps[i].bare || !best_.story.steps[i].as.empty()) {
                auto fewer = best_.story;
                fewer.steps[i].bare = false;
                fewer.steps[i].as.clear();
                (void)co_await better(std::move(fewer));
            }
            if (!best_.story.steps[i].headers.empty()) {
                auto fewer = best_.story;
                fewer.steps[i].headers.clear();
                (void)co_await better(std::move(fewer));
            }
        }
    }

    Task<void> make_values_plain() {
        const auto last = best_.story.steps.size() - 1;
        for (const auto& name : members_of(best_.story.steps[last])) {
            for (const auto& value : plain_values()) {
                if ((*best_.story.steps[last].body)[name] == value) {
                    break;
                }
                auto plainer = best_.story;
                (*plainer.steps[last].body)[name] = value;
                if (co_await better(std::move(plainer))) {
                    break;
                }
            }
        }
    }

    Player& player_;
    const Vocabulary& vocabulary_;
    std::string signature_;
    ShrinkOptions options_;
    std::size_t tried_ = 0;
    Shrunk best_;
};

}  // namespace

Task<Shrunk> shrink(Player& player, const Vocabulary& vocabulary, Story story,
                    std::string signature, ShrinkOptions options) {
    Shrinking shrinking(player, vocabulary, std::move(signature), std::move(options));
    co_return co_await shrinking.shrink(std::move(story));
}

}  // namespace meshproof::twin
