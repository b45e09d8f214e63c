#include "conformance/mutation/likely.hpp"

#include <algorithm>
#include <cctype>

namespace meshproof::conformance::mutation {
namespace {

using run::Expected;

bool lower_or_digit(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::islower(byte) != 0 || std::isdigit(byte) != 0;
}

/// Of the answer: the one that the expectation names, else the last one before it.
int nearness(const Expectation& expectation, const Change& change, const Seen& seen) {
    int score = 0;
    if (expectation.exchange) {
        score += *expectation.exchange == change.exchange ? 1000 : 0;
    } else {
        const auto back = expectation.answered - change.exchange;  // 1: the last one
        score += std::max(0, 200 - 40 * static_cast<int>(back));
    }
    return seen.set_up ? score - 100 : score;
}

/// Of the part of the answer, by what is expected of it.
int aptness(const Expectation& expectation, const Change& change) {
    const auto& path = change.edit.path;
    const bool status = change.part == Change::Part::status;
    switch (expectation.what) {
        case Expected::status:
            return status ? 500 : 0;
        case Expected::error:
        case Expected::no_text:
            return status ? 500 : path.starts_with("/errors") ? 300 : 0;
        case Expected::warning:
            return path.starts_with("/warnings") ? 500 : 0;
        case Expected::no_warning:
            return path == "/warnings" && change.edit.kind != Edit::Kind::emptied ? 500 : 0;
        case Expected::keys:
        case Expected::equal:
            if (expectation.hash == change.edit.hash && change.edit.hash != 0) {
                return change.edit.kind == Edit::Kind::removed ? 440
                       : change.edit.kind == Edit::Kind::added ? 460
                                                               : 450;
            }
            return status ? 10 : 0;
        case Expected::holds:
        case Expected::reached:
            return status                                              ? 60
                   : change.part == Change::Part::body && path.empty() ? 50
                   : change.edit.kind == Edit::Kind::inside            ? 45
                                                                       : 0;
    }
    return 0;
}

/// Of what is rarely the cause.
int habitual(const Change& change) {
    switch (change.part) {
        case Change::Part::header:
            return -40;
        case Change::Part::time:
            return -20;
        case Change::Part::whole:
            return -10;
        case Change::Part::call:
            return 20;
        case Change::Part::status:
        case Change::Part::body:
            return 0;
    }
    return 0;
}

int shared_words(const std::vector<std::string>& some, const std::vector<std::string>& others,
                 int each, int most) {
    int score = 0;
    for (const auto& word : some) {
        score += std::ranges::find(others, word) != others.end() ? each : 0;
    }
    return std::min(score, most);
}

}  // namespace

std::vector<std::string> telling_words(std::string_view text) {
    constexpr std::size_t least = 3;
    static const std::vector<std::string> mute = {"the", "and",  "not",  "expected", "for",
                                                  "has", "that", "with", "data",     "was"};
    std::vector<std::string> words;
    std::string word;
    const auto end = [&] {
        if (word.size() >= least && std::ranges::find(mute, word) == mute.end() &&
            std::ranges::find(words, word) == words.end()) {
            words.push_back(word);
        }
        word.clear();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (std::isalnum(byte) == 0) {
            end();
            continue;
        }
        if (std::isupper(byte) != 0 && i > 0 && lower_or_digit(text[i - 1])) {
            end();  // camelCase
        }
        word += static_cast<char>(std::tolower(byte));
    }
    end();
    return words;
}

Likelihood::Likelihood(const Expectation& expectation, std::string_view source)
    : expectation_(expectation),
      told_(telling_words(expectation.text + " " + expectation.told)),
      values_(telling_words(expectation.told + " " + expectation.value)),
      source_(telling_words(source)) {}

std::optional<int> Likelihood::of(const Change& change, const Seen& seen,
                                  const std::vector<std::string>& name_words) const {
    if (change.exchange >= expectation_.answered) {
        return std::nullopt;
    }
    constexpr int told_word = 60, source_word = 35, value_word = 30;
    int score =
        habitual(change) + nearness(expectation_, change, seen) + aptness(expectation_, change);
    score += shared_words(told_, name_words, told_word, 4 * told_word);
    score += shared_words(source_, name_words, source_word, 3 * source_word);
    score += shared_words(values_, telling_words(change.edit.value), value_word, 3 * value_word);
    return score;
}

}  // namespace meshproof::conformance::mutation
