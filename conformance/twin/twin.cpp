#include "conformance/twin/twin.hpp"

#include <algorithm>

#include "conformance/twin/agenda.hpp"
#include "conformance/twin/curl.hpp"
#include "conformance/twin/over_time.hpp"
#include "core/base/answer.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/time/task_group.hpp"

namespace meshproof::twin {
namespace {

/// Not of one text, however long a server's answer is.
constexpr std::size_t shown_letters = 300;
/// Of the four objects of a story, once everything was tried alone: the others are chance's.
constexpr std::size_t wanted_later = 2;

/// A topic whose stories are drawn.
struct Ground {
    const Topic* topic;
    std::vector<const Operation*> operations;
    Agenda agenda;
};

class Twin {
  public:
    Twin(Clock& clock, Player& player, Vocabulary words, TwinOptions options, TwinResult& result)
        : clock_(clock),
          player_(player),
          options_(std::move(options)),
          result_(result),
          vocabulary_(std::move(words)),
          chance_(options_.seed) {
        written_ = options_.written;
        for (const auto* topic : options_.topics) {
            if (topic->keys.empty()) {
                auto stories = stories_over_time(topic->name);
                written_.insert(written_.end(), stories.begin(), stories.end());
            } else {
                add_ground(*topic);
            }
        }
    }

    Task<void> play() {
        began_ = clock_.elapsed();
        options_.shrink.stopping = [this] { return late() || options_.stopping(); };
        co_await play_written();
        for (std::size_t i = 0; !grounds_.empty(); ++i) {
            const bool enough = options_.requests > 0 && result_.requests >= options_.requests;
            result_.interrupted = options_.stopping();
            const bool first = options_.until_first_difference && !result_.findings.empty();
            if (late() || enough || first || result_.interrupted) {
                break;
            }
            co_await play_drawn(grounds_[i % grounds_.size()], fmt::format("story {}", i));
            options_.on_progress(result_.requests, result_.findings.size());
        }
        for (const auto& ground : grounds_) {
            result_.not_tried_yet += ground.agenda.size();
        }
    }

  private:
    void add_ground(const Topic& topic) {
        const auto all = operations_of(topic, result_.description);
        result_.coverage.add(topic, all, options_.known, options_.product);
        result_.coverage.add_not_asked(topic, never_asked(topic, result_.description),
                                       "never asked, since it touches what is not the run's");
        std::vector<const Operation*> played;
        for (const auto* one : all) {
            if (options_.known.why_not_played(one->key(), options_.product).empty()) {
                played.push_back(one);
            }
        }
        if (!played.empty()) {
            Agenda agenda(played, chance_.fork(fmt::format("agenda {}", topic.name)));
            grounds_.push_back({&topic, std::move(played), std::move(agenda)});
        }
    }

    [[nodiscard]] bool late() const {
        return options_.limit > Duration::zero() && clock_.elapsed() - began_ >= options_.limit;
    }

    static Task<void> play_into(Player& player, const Story& story, Played& played) {
        played = co_await player.play(story);
    }

    /// Those that are written, beside each other: they wait more than they ask. Those for which the
    /// fake's date is moved come by themselves.
    Task<void> play_written() {
        std::vector<Played> played(written_.size());
        TaskGroup group;
        for (std::size_t i = 0; i < written_.size(); ++i) {
            if (!waits_long(written_[i], options_.waiting.longest)) {
                co_await group.spawn(play_into(player_, written_[i], played[i]));
            }
        }
        co_await group.join();
        for (std::size_t i = 0; i < written_.size(); ++i) {
            if (waits_long(written_[i], options_.waiting.longest)) {
                if (options_.stopping()) {
                    continue;
                }
                played[i] = co_await player_.play(written_[i]);
                note_not_waited(written_[i], played[i]);
            }
            count(written_[i], played[i]);
            if (played[i].cut_off) {
                continue;  // what would have differed later is not known
            }
            co_await tell_written(written_[i], std::move(played[i]));
        }
        result_.interrupted = options_.stopping();  // with written stories alone nobody else asks
    }

    void note_not_waited(const Story& story, const Played& played) {
        if (!played.not_waited.empty()) {
            result_.not_waited.push_back(
                fmt::format("{} ({}): {}", story.name, story.what, played.not_waited));
        }
    }

    /// A busy machine may come late to what lives seconds: a difference has to come up twice.
    Task<void> tell_written(Story story, Played played) {
        if (!played.found.empty()) {
            auto again = co_await player_.play(story);
            std::erase_if(played.found, [&again](const Found& one) {
                return again.find(one.difference.signature()) == nullptr;
            });
            count(story, again);
            if (again.cut_off) {
                co_return;  // whether it comes up twice is not known
            }
        }
        WrittenStory row{story.topic, story.name, story.what};
        for (const auto& found : played.found) {
            if (explained(found.difference)) {
                continue;
            }
            auto finding = as_drawn(found, story, played);
            row.differences.push_back(headline(finding));
            result_.coverage.count_difference(finding.step);
            result_.findings.push_back(std::move(finding));
        }
        result_.written.push_back(std::move(row));
    }

    void count(const Story& story, const Played& played) {
        ++result_.stories;
        result_.requests += played.steps;
        result_.left.insert(result_.left.end(), played.left.begin(), played.left.end());
        result_.coverage.count(story, played);
    }

    bool is_strangers(const Topic& topic, const std::string& name) {
        return topic.server == "vault" && options_.strangers > 0 &&
               chance_.fork(name + ": who").below(options_.strangers) == 0;
    }

    Task<void> play_drawn(Ground& ground, std::string name) {
        DrawOptions draw;
        draw.stranger = is_strangers(*ground.topic, name);
        draw.namespaces = options_.children;
        if (!draw.stranger) {
            draw.wanted =
                ground.agenda.next(ground.agenda.first_round() ? draw.bursts : wanted_later);
        }
        const auto story = draw_story(*ground.topic, ground.operations, vocabulary_, draw, tried_,
                                      chance_.fork(name));
        const auto played = co_await player_.play(story);
        const auto asked = std::min(played.steps, story.steps.size());
        ground.agenda.settle(std::move(draw.wanted), std::span(story.steps).first(asked));
        count(story, played);
        for (const auto& found : played.found) {
            co_await consider(found, story, played);
        }
    }

    /// Whether it is known why the two differ there; counts it then.
    bool explained(const Difference& difference) {
        const auto reason = options_.known.why_known(difference, options_.product);
        if (!reason.empty()) {
            auto& known = result_.known[difference.signature()];
            known.reason = reason;
            ++known.times;
            result_.coverage.count_known(difference.key, reason);
        }
        return !reason.empty();
    }

    Task<void> consider(Found found, Story story, Played played) {
        if (explained(found.difference)) {
            co_return;
        }
        const auto signature = found.difference.signature();
        const auto again = std::ranges::find_if(result_.findings, [&](const Finding& one) {
            return one.difference.signature() == signature;
        });
        if (again != result_.findings.end()) {
            ++again->times;
            co_return;
        }
        auto finding = as_drawn(found, std::move(story), std::move(played));
        if (result_.findings.size() < options_.most_shrunk) {
            finding = co_await shrunk(std::move(finding));
        }
        result_.coverage.count_difference(finding.step);
        result_.findings.push_back(std::move(finding));
    }

    static const Step& step_of(const Story& story, std::size_t number) {
        return *std::ranges::find(story.steps, number, &Step::number);
    }

    static Finding as_drawn(const Found& found, Story story, Played played) {
        Finding out;
        out.difference = found.difference;
        out.step = step_of(story, found.number);
        std::erase_if(story.steps,
                      [&found](const Step& step) { return step.number > found.number; });
        out.story = std::move(story);
        out.exchanges = std::move(played.exchanges);
        return out;
    }

    Task<Finding> shrunk(Finding drawn) {
        const auto signature = drawn.difference.signature();
        const auto small =
            co_await shrink(player_, vocabulary_, drawn.story, signature, options_.shrink);
        drawn.tried = small.tried;
        drawn.steady = small.steady;
        if (const auto* found = small.played.find(signature); found != nullptr) {
            auto out = as_drawn(*found, small.story, small.played);
            out.tried = drawn.tried;
            co_return out;
        }
        co_return drawn;
    }

    Clock& clock_;
    Player& player_;
    TwinOptions options_;
    TwinResult& result_;
    Vocabulary vocabulary_;
    Prng chance_;
    std::vector<Ground> grounds_;
    std::vector<Story> written_;
    Tried tried_;
    Duration began_{};
};

std::string shortened(std::string_view text) {
    const auto line = one_line(text);
    return line.size() <= shown_letters ? line : std::string(head_of(line, shown_letters)) + "…";
}

/// "POST {pki}/roles/{name}" as a part of an id: "post-pki-roles-name".
std::string slug(std::string_view key) {
    std::string out;
    for (const char c : lower(key)) {
        if (letter_or_digit(c)) {
            out += c;
        } else if (!out.empty() && !out.ends_with('-')) {
            out += '-';
        }
    }
    while (out.ends_with('-')) {
        out.pop_back();
    }
    return out;
}

void add_findings(const TwinResult& result, const std::string& key, run::Outcome& outcome,
                  run::CheckOutcome& check) {
    for (const auto& finding : result.findings) {
        if (finding.difference.key != key || !finding.story.name.empty()) {
            continue;
        }
        outcome.failures.push_back(headline(finding));
        if (check.evidence.empty()) {
            check.evidence = finding.exchanges;
        }
    }
}

run::Outcome row_of(const TwinResult& result, const WrittenStory& story) {
    run::Outcome outcome;
    outcome.id = fmt::format("twin/{}/{}", story.topic, story.name);
    run::CheckOutcome check;
    check.requirement = fmt::format("{}: the server and its fake answer alike.", story.what);
    check.level = run::Level::may;
    for (const auto& finding : result.findings) {
        if (finding.story.name == story.name && check.evidence.empty()) {
            check.evidence = finding.exchanges;
        }
    }
    outcome.failures = story.differences;
    outcome.verdict = story.differences.empty() ? run::Verdict::pass : run::Verdict::fail;
    outcome.reason = story.differences.empty() ? std::string() : story.differences.front();
    outcome.detail = std::move(check);
    return outcome;
}

run::Outcome row_of(const TwinResult& result, const std::string& key,
                    const OperationCoverage& one) {
    run::Outcome outcome;
    outcome.id = fmt::format("twin/{}/{}", one.topic, slug(key));
    run::CheckOutcome check;
    check.requirement = fmt::format("{} is answered alike by the server and its fake.", key);
    check.source = fmt::format("asked {} times", one.asked);
    check.level = run::Level::may;
    add_findings(result, key, outcome, check);
    if (!one.not_played.empty()) {
        outcome.verdict = run::Verdict::skip;
        outcome.reason = "not played: " + one.not_played;
    } else if (!outcome.failures.empty()) {
        outcome.verdict = run::Verdict::fail;
        outcome.reason = outcome.failures.front();
    } else if (one.asked == 0) {
        outcome.verdict = run::Verdict::skip;
        outcome.reason = "no request of this run asked it";
    } else if (!one.known.empty()) {
        outcome.verdict = run::Verdict::deviates;
        outcome.reason = one.known;
    } else {
        outcome.verdict = run::Verdict::pass;
    }
    outcome.detail = std::move(check);
    return outcome;
}

}  // namespace

Task<void> play_twin(Clock& clock, http::Transport& wire, const Dialect& dialect, Side real,
                     Side fake, TwinOptions options, TwinResult& result) {
    const run::RunMark mark(options.run_id);
    const auto began = clock.elapsed();
    result.seed = options.seed;
    result.description = co_await dialect.describe(wire, real, mark);
    options.known.take_out(result.description, options.product);
    result.real_version = co_await dialect.version(wire, real);
    result.fake_version = co_await dialect.version(wire, fake);
    run::Ledger ledger(mark);
    std::exception_ptr problem;
    try {
        co_await dialect.settle(wire, real, ledger);
        co_await dialect.settle(wire, fake, ledger);
        options.waiting.stopping = options.stopping;
        Player player(clock, wire, dialect, real, fake, options.run_id, options.waiting);
        // The header that names a child would name it beside the target's own namespace.
        options.children = options.children && options.product == vault::Product::openbao &&
                           real.namespace_name.empty();
        Twin twin(clock, player, dialect.words(), options, result);
        co_await twin.play();
    } catch (...) {
        problem = std::current_exception();  // the sweep is due all the same
    }
    for (auto& left : co_await ledger.undo_all()) {
        result.left.push_back(std::move(left));
    }
    for (auto& left : co_await dialect.sweep(wire, real, options.run_id)) {
        result.left.push_back(std::move(left));
    }
    result.took = clock.elapsed() - began;
    if (problem) {
        std::rethrow_exception(problem);
    }
}

std::string headline(const Finding& finding) {
    const auto& one = finding.difference;
    return fmt::format("{}: {}{}{}: the server {}, the fake {}", one.key, one.aspect,
                       one.member.empty() ? "" : " ", one.member, shortened(one.real),
                       shortened(one.fake));
}

std::vector<run::Outcome> rows_of(const TwinResult& result) {
    std::vector<run::Outcome> out;
    for (const auto& [key, one] : result.coverage.operations()) {
        out.push_back(row_of(result, key, one));
    }
    for (const auto& story : result.written) {
        out.push_back(row_of(result, story));
    }
    std::ranges::sort(out, {}, &run::Outcome::id);
    // Differences of steps that prepare a topic, and are another's: told all the same.
    for (const auto& finding : result.findings) {
        const bool told = !finding.story.name.empty() ||
                          result.coverage.operations().contains(finding.difference.key);
        if (!told) {
            run::Outcome outcome;
            outcome.id = "twin/ground/" + slug(finding.difference.key);
            outcome.verdict = run::Verdict::fail;
            outcome.reason = headline(finding);
            outcome.failures = {outcome.reason};
            run::CheckOutcome check;
            check.requirement = finding.difference.key + " prepares a story on both.";
            check.level = run::Level::may;
            check.evidence = finding.exchanges;
            outcome.detail = std::move(check);
            out.push_back(std::move(outcome));
        }
    }
    return out;
}

}  // namespace meshproof::twin
