#include "conformance/twin/player.hpp"

#include <algorithm>
#include <set>

#include "conformance/twin/chance.hpp"
#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

namespace meshproof::twin {

/// One server within one story: its token there, and what it answered.
struct Player::Actor {
    const Side& side;
    Secret token{};
    std::map<std::size_t, Json> answers{};
    std::set<std::string> promised{};  ///< what an undo stands for
};

struct Player::Stage {
    run::RunMark mark;
    Actor real, fake;
    run::Ledger& ledger;
    Comparison comparison;
    run::Redactor redactor{};
    std::set<std::string> told{};  ///< differences in what objects are
    bool ended = false;            ///< what comes next could not be compared
    Duration moved{};              ///< the fake's date, ahead; the real server is not asked then
};

namespace {

/// What the texts of a step are put into words with.
struct Speaker {
    const run::RunMark& mark;
    const std::string& home;
    const std::map<std::size_t, Json>& answers;
};

/// What a mark's inside ("own:a", "3:/data/id") stands for; "nothing" where it stands for nothing.
std::string word_of(const std::string& inside, const Speaker& speaker) {
    const auto colon = inside.find(':');
    const auto rest = colon == std::string::npos ? std::string() : inside.substr(colon + 1);
    if (inside == "mark") {
        return speaker.mark.text();
    }
    if (inside == "home") {
        return speaker.home;
    }
    if (inside.starts_with("own:")) {
        return speaker.mark.name(rest);
    }
    if (const auto numbers = referred("@{" + inside + "}"); !numbers.empty()) {
        const auto answer = speaker.answers.find(numbers.front());
        const Json::json_pointer place(rest);
        if (answer != speaker.answers.end() && answer->second.contains(place)) {
            const auto& value = answer->second.at(place);
            return value.is_string() ? value.get<std::string>() : value.dump();
        }
    }
    return "nothing";
}

/// The text with a server's own words for the marks.
std::string in_words(std::string text, const Speaker& speaker) {
    for (auto at = text.find("@{"); at != std::string::npos; at = text.find("@{", at)) {
        const auto end = text.find('}', at);
        if (end == std::string::npos) {
            break;
        }
        const auto word = word_of(text.substr(at + 2, end - at - 2), speaker);
        text.replace(at, end + 1 - at, word);
        at += word.size();
    }
    return text;
}

Json in_words(const Json& value, const Speaker& speaker) {
    if (value.is_string()) {
        return in_words(value.get<std::string>(), speaker);
    }
    auto out = value;
    if (out.is_structured()) {
        for (auto& inner : out) {
            inner = in_words(inner, speaker);
        }
    }
    return out;
}

void put_in(std::string& text, std::string_view mark, std::string_view word) {
    if (const auto at = text.find(mark); at != std::string::npos) {
        text.replace(at, mark.size(), word);
    }
}

/// Whether its answer may list what is not the story's: lists below a name of its own do not.
bool shared_list(const Step& step) {
    return shared_path(step.path) && step.path.find("@{own:") == std::string::npos;
}

std::string dumped(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Without the names that a list tells: they are called "keys", as those of a seal are, and are no
/// secret.
Json without_names(Json answer) {
    if (answer.is_object() && answer.contains("data") && answer["data"].is_object()) {
        answer["data"].erase("keys");
    }
    return answer;
}

/// Whether the step says itself that the two are not alike there.
bool unlike(const Step& step, const Difference& one) {
    return std::ranges::any_of(
        step.unlike, [&one](const std::string& pattern) { return matches(pattern, one.member); });
}

/// In what the answer is not as it is written, in words; "" where it is.
std::string unwritten(const Says& says, const http::Response& response, std::string& member) {
    if (response.status != says.status) {
        return fmt::format("{} {}", response.status, response.body);
    }
    const auto answer = json_or_null(response.body);
    for (const auto& [place, wanted] : says.members) {
        const Json::json_pointer pointer(place);
        const auto held = answer.contains(pointer) ? answer.at(pointer) : Json();
        if (held != wanted) {
            member = place;
            return dumped(held);
        }
    }
    return {};
}

/// What an answer says of an object's state, wherever it stands in the answer.
std::string told_as(const Difference& one) {
    constexpr std::string_view item = "[].", data = "data.";
    std::string_view member = one.member;
    if (const auto last = member.rfind(item); last != std::string_view::npos) {
        member.remove_prefix(last + item.size());
    } else if (member.starts_with(data)) {
        member.remove_prefix(data.size());
    }
    return fmt::format("{}\n{}\n{}", member, without_chance(one.real), without_chance(one.fake));
}

/// Whether a revocation was taken and is carried out at a time of the server's own: what is read
/// after it is chance. The answer is 202, or that in a wrapping; of one that is carried out at once
/// there is nothing to wrap.
bool revokes_later(const Step& step, const http::Response& response) {
    constexpr int accepted = 202;
    if (step.key.find("revoke") == std::string::npos) {
        return false;
    }
    const Json::json_pointer wrapping("/wrap_info/token");
    return response.status == accepted || (step.key.find(" sys/") != std::string::npos &&
                                           json_or_null(response.body).contains(wrapping));
}

}  // namespace

const Found* Played::find(const std::string& signature) const {
    const auto one = std::ranges::find_if(found, [&signature](const Found& each) {
        return each.difference.signature() == signature;
    });
    return one == found.end() ? nullptr : &*one;
}

Player::Player(Clock& clock, http::Transport& wire, const Dialect& dialect, Side real, Side fake,
               std::string run_id, Waiting waiting)
    : clock_(clock),
      wire_(wire),
      dialect_(dialect),
      real_(std::move(real)),
      fake_(std::move(fake)),
      run_id_(std::move(run_id)),
      home_(home_of(run::RunMark(run_id_))),
      waiting_(std::move(waiting)) {}

std::string Player::path_of(const Step& step, const run::RunMark& mark,
                            const std::map<std::size_t, Json>& answers) const {
    auto path = step.path;
    put_in(path, "{pki}", mark.name("pki"));
    put_in(path, "{kubernetes}", mark.name("kubernetes"));
    return in_words(std::move(path), {mark, home_, answers});
}

Task<Result<http::Response>> Player::ask(Actor& actor, const Step& step, const run::RunMark& mark) {
    const Speaker speaker{mark, home_, actor.answers};
    http::Request request;
    request.method = step.method;
    request.target = std::string(manner_of(dialect_.server()).prefix) +
                     on_the_wire(path_of(step, mark, actor.answers));
    for (std::size_t i = 0; i < step.query.size(); ++i) {
        const auto value = in_words(step.query[i].second, speaker);
        request.target +=
            fmt::format("{}{}={}", i == 0 ? '?' : '&', http::percent_encode(step.query[i].first),
                        http::percent_encode(value));
    }
    auto token = step.as.empty() ? actor.token.reveal() : in_words(step.as, speaker);
    dialect_.address(request, actor.side, step.bare ? std::string() : std::move(token));
    if (step.body) {
        request.headers.set("Content-Type", "application/json");
        request.body = dumped(in_words(*step.body, speaker));
    }
    for (const auto& [name, value] : step.headers) {
        request.headers.set(name, in_words(value, speaker));
    }
    auto response = co_await wire_.send(actor.side.endpoint, std::move(request));
    if (response) {
        actor.answers[step.number] = json_or_null(response->body);
    }
    co_return response;
}

void Player::write_down(Stage& stage, Actor& actor, std::vector<Removal> removals) {
    for (auto& removal : removals) {
        const auto what = fmt::format("{}: {} {}", actor.side.name, removal.method, removal.path);
        if (!actor.promised.insert(what + dumped(removal.body)).second) {
            continue;
        }
        stage.ledger.at_end(what, [this, side = actor.side, removal = std::move(removal)] {
            return dialect_.remove(wire_, side, removal);
        });
    }
}

run::Exchange Player::exchange_of(const Step& step, const run::RunMark& mark,
                                  const Result<http::Response>& response) const {
    const auto& manner = manner_of(dialect_.server());
    run::Exchange out;
    out.server = manner.server;
    out.method = step.method;
    out.target = std::string(manner.prefix) + path_of(step, mark, {});
    if (!step.bare) {
        out.headers.emplace_back(manner.header,
                                 std::string(manner.before) +
                                     (step.as.empty() ? std::string(manner.variable) : step.as));
    }
    out.body = step.body ? dumped(*step.body) : "";
    if (response) {
        constexpr std::size_t enough = 3000;
        out.status = response->status;
        out.answer = head_of(response->body, enough);
    } else {
        out.failure = response.error().message;
    }
    return out;
}

Task<void> Player::act(Stage& stage, const Step& step, Played& played) {
    for (auto* actor : {&stage.real, &stage.fake}) {
        const Speaker speaker{stage.mark, home_, actor->answers};
        write_down(stage, *actor,
                   dialect_.promised(step, path_of(step, stage.mark, actor->answers),
                                     step.body ? in_words(*step.body, speaker) : Json()));
    }
    const auto real = co_await ask(stage.real, step, stage.mark);
    const auto fake = co_await ask(stage.fake, step, stage.mark);
    ++played.steps;
    for (auto* actor : {&stage.real, &stage.fake}) {
        const auto& answer = actor->answers[step.number];
        stage.redactor.learn_from(without_names(answer));
        write_down(stage, *actor,
                   dialect_.told(step, path_of(step, stage.mark, actor->answers), answer));
    }
    if (step.body) {
        stage.redactor.learn_from(without_marks(*step.body));
    }
    played.exchanges.push_back(exchange_of(step, stage.mark, real));
    if (real && fake) {
        constexpr int refused = 400;
        const bool told_of_state = real->status == fake->status && real->status < refused;
        for (auto& one : stage.comparison.compare(step.key, shared_list(step), *real, *fake)) {
            // What a write's answer showed already is no news where it is read or listed.
            const bool about_state =
                told_of_state && one.aspect == "body" && !one.member.starts_with("warnings");
            stage.ended = stage.ended || one.parted;
            if (unlike(step, one)) {
                continue;
            }
            if (!about_state || stage.told.insert(told_as(one)).second) {
                played.found.push_back({step.number, std::move(one)});
            }
        }
        stage.ended = stage.ended || revokes_later(step, *real) || revokes_later(step, *fake);
    } else if (real || fake) {
        Difference one{.key = step.key, .aspect = "answer", .member = {}, .real = {}, .fake = {}};
        one.real = real ? fmt::format("{}", real->status) : real.error().message;
        one.fake = fake ? fmt::format("{}", fake->status) : fake.error().message;
        one.parted = stage.ended = true;
        played.found.push_back({step.number, std::move(one)});
    } else if (real.error().kind == FailureKind::unreachable) {
        throw CannotGoOn(real.error().during(stage.real.side.name));
    }  // else neither answers this request: a panic closes the connection, say
}

Task<bool> Player::wait_out(Duration wait) {
    constexpr Duration glance = std::chrono::milliseconds(200);
    const auto until = clock_.elapsed() + wait;
    for (auto left = wait; left > Duration::zero(); left = until - clock_.elapsed()) {
        if (waiting_.stopping()) {
            co_return false;
        }
        co_await clock_.sleep_for(std::min(left, glance));
    }
    co_return true;
}

Task<bool> Player::wait_for(Stage& stage, const Step& step, Played& played) {
    if (step.wait <= Duration::zero()) {
        co_return true;
    }
    if (step.wait <= waiting_.longest && stage.moved == Duration::zero()) {
        played.cut_off = !co_await wait_out(step.wait);
        co_return !played.cut_off;
    }
    if (played.not_waited.empty()) {
        played.not_waited =
            fmt::format("{} before request {}", human_duration(step.wait), step.number);
    }
    if (!waiting_.move_fake) {
        co_return false;
    }
    // The story's token has a life of its own, which is over by then.
    stage.fake.token = fake_.token;
    stage.moved += step.wait;
    waiting_.move_fake(step.wait);
    co_return true;
}

Task<void> Player::act_alone(Stage& stage, const Step& step, Played& played) {
    auto& actor = stage.fake;
    const Speaker speaker{stage.mark, home_, actor.answers};
    const auto path = path_of(step, stage.mark, actor.answers);
    write_down(stage, actor,
               dialect_.promised(step, path, step.body ? in_words(*step.body, speaker) : Json()));
    const auto fake = co_await ask(actor, step, stage.mark);
    const auto& answer = actor.answers[step.number];
    stage.redactor.learn_from(without_names(answer));
    write_down(stage, actor, dialect_.told(step, path, answer));
    if (!step.says) {
        co_return;
    }
    Difference one{.key = step.key, .aspect = "over time", .member = {}, .real = {}, .fake = {}};
    one.fake = fake ? unwritten(*step.says, *fake, one.member) : fake.error().message;
    if (one.fake.empty()) {
        co_return;
    }
    const auto& members = step.says->members;
    one.real = one.member.empty()
                   ? fmt::format("(not waited for) is to say {}", step.says->status)
                   : fmt::format("(not waited for) is to say {}", dumped(members.at(one.member)));
    played.exchanges.push_back(exchange_of(step, stage.mark, fake));
    played.found.push_back({step.number, std::move(one)});
}

Task<void> Player::play_steps(Stage& stage, const Story& story, Played& played) {
    for (const auto& step : story.steps) {
        const bool on = co_await wait_for(stage, step, played);
        if (!on) {
            break;
        }
        if (stage.moved > Duration::zero()) {
            co_await act_alone(stage, step, played);
        } else {
            co_await act(stage, step, played);
        }
        if (stage.ended) {
            break;  // from here on the two are not in the same state, or it is not known
        }
    }
}

Task<Played> Player::play(Story story) {
    const run::RunMark mark(fmt::format("{}-t{}", run_id_, ++played_));
    run::Ledger ledger(mark);
    Stage stage{mark, {real_}, {fake_}, ledger, Comparison(mark.name(""))};
    Played played;
    std::exception_ptr problem;
    try {
        for (auto* actor : {&stage.real, &stage.fake}) {
            actor->token = co_await dialect_.begin(wire_, actor->side, ledger);
            stage.redactor.learn(actor->token.reveal(),
                                 std::string(manner_of(dialect_.server()).variable.substr(1)),
                                 false);
        }
        co_await play_steps(stage, story, played);
    } catch (...) {
        problem = std::current_exception();
    }
    played.left = co_await ledger.undo_all();
    if (stage.moved > Duration::zero()) {
        waiting_.move_fake(-stage.moved);
    }
    if (problem) {
        std::rethrow_exception(problem);
    }
    for (auto& one : played.found) {
        one.difference.real = stage.redactor.apply(std::move(one.difference.real));
        one.difference.fake = stage.redactor.apply(std::move(one.difference.fake));
    }
    for (auto& one : played.exchanges) {
        one.target = stage.redactor.apply(std::move(one.target));
        one.body = stage.redactor.apply(std::move(one.body));
        one.answer = stage.redactor.apply(std::move(one.answer));
    }
    co_return played;
}

}  // namespace meshproof::twin
