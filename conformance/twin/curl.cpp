#include "conformance/twin/curl.hpp"

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "core/check/evidence.hpp"
#include "core/http/message.hpp"

namespace meshproof::twin {
namespace {

/// jq's word for a JSON pointer: "/data/keys/0" is ".data.keys[0]".
std::string jq_path(std::string_view pointer) {
    std::string out;
    for (const auto& part : split(pointer.substr(pointer.starts_with('/') ? 1 : 0), '/')) {
        const bool index =
            !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
        out += index ? "[" + part + "]" : "." + part;
    }
    return out;
}

std::string shell_words(std::string text) {
    for (auto at = text.find("@{"); at != std::string::npos; at = text.find("@{", at)) {
        const auto end = text.find('}', at);
        if (end == std::string::npos) {
            break;
        }
        const auto inside = text.substr(at + 2, end - at - 2);
        const auto colon = inside.find(':');
        std::string word = "twin";
        if (inside.starts_with("own:")) {
            word = "twin-" + inside.substr(colon + 1);
        } else if (colon != std::string::npos) {
            // Within JSON, jq writes the whole text: one with line ends could not stand there.
            constexpr std::string_view quote = "\\\"";
            const bool whole = at >= quote.size() && text.substr(at - 2, 2) == quote &&
                               text.substr(end + 1, 2) == quote;
            word = fmt::format("$(jq {}{} {}.json)", whole ? "" : "-r ",
                               jq_path(inside.substr(colon + 1)), inside.substr(0, colon));
            const std::size_t more = whole ? quote.size() : 0;
            text.replace(at - more, end + 1 - at + 2 * more, word);
            at += word.size() - more;
            continue;
        }
        text.replace(at, end + 1 - at, word);
        at += word.size();
    }
    return text;
}

/// A very long run of one letter as what prints it.
std::string with_runs_short(const std::string& text) {
    constexpr std::size_t long_run = 100;
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        auto end = i;
        while (end < text.size() && text[end] == text[i]) {
            ++end;
        }
        out += end - i < long_run ? text.substr(i, end - i)
                                  : fmt::format("$(printf '{}%.0s' $(seq {}))", text[i], end - i);
        i = end;
    }
    return out;
}

/// As a URL holds it; marks stay.
template <class Encode>
std::string encoded(std::string_view text, Encode encode) {
    std::string out;
    while (!text.empty()) {
        const auto mark = text.find("@{");
        out += encode(text.substr(0, mark));
        if (mark == std::string_view::npos) {
            break;
        }
        const auto end = text.find('}', mark);
        const auto past = end == std::string_view::npos ? text.size() : end + 1;
        out += text.substr(mark, past - mark);
        text.remove_prefix(past);
    }
    return out;
}

std::string path_in_words(std::string path) {
    for (const auto& [mark, word] : {std::pair<std::string, std::string>{"{pki}", "twin-pki"},
                                     {"{kubernetes}", "twin-kubernetes"}}) {
        if (const auto at = path.find(mark); at != std::string::npos) {
            path.replace(at, mark.size(), word);
        }
    }
    return encoded(path, on_the_wire);
}

std::string line_of(const Manner& manner, const Step& step) {
    run::Exchange exchange;
    run::Redactor redactor;
    exchange.server = manner.server;
    exchange.method = step.method;
    exchange.target = std::string(manner.prefix) + path_in_words(step.path);
    for (std::size_t i = 0; i < step.query.size(); ++i) {
        const auto& [name, value] = step.query[i];
        exchange.target += fmt::format("{}{}={}", i == 0 ? '?' : '&', http::percent_encode(name),
                                       encoded(value, http::percent_encode));
    }
    if (!step.bare) {
        exchange.headers.emplace_back(
            manner.header, std::string(manner.before) +
                               (step.as.empty() ? std::string(manner.variable) : step.as));
    }
    exchange.headers.insert(exchange.headers.end(), step.headers.begin(), step.headers.end());
    if (step.body) {
        redactor.learn_from(without_marks(*step.body));
        exchange.body =
            redactor.apply(step.body->dump(-1, ' ', false, Json::error_handler_t::replace));
    }
    // Marks become the shell's words only behind the quoting: a `$(…)` holds none that is quoted.
    return with_runs_short(shell_words(run::to_curl(exchange)));
}

}  // namespace

std::vector<std::string> to_curl(const Story& story) {
    std::set<std::size_t> needed;
    for (const auto& step : story.steps) {
        const auto numbers = referred(step);
        needed.insert(numbers.begin(), numbers.end());
    }
    std::vector<std::string> out;
    for (const auto& step : story.steps) {
        if (step.wait > Duration::zero()) {
            out.push_back(fmt::format("sleep {}",
                                      std::chrono::ceil<std::chrono::seconds>(step.wait).count()));
        }
        auto line = line_of(manner_of(story.server), step);
        if (needed.contains(step.number)) {
            line += fmt::format(" >{}.json", step.number);
        }
        out.push_back(std::move(line));
    }
    return out;
}

}  // namespace meshproof::twin
