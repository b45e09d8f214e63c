#include "scenarios/tests/histories.hpp"

#include <boost/system/system_error.hpp>

#include "scenarios/explore/commands.hpp"

namespace meshproof::scenarios::explore {

void showValue(const Step& step, std::ostream& out) {
    out << text_of(step);
    if (step.after > 0) {
        out << fmt::format(" after {} of a leaf's life", step.after);
    }
}

}  // namespace meshproof::scenarios::explore

namespace meshproof::scenarios::histories {
namespace {

Task<void> settle(Task<void> work, std::vector<std::string>& wrong) {
    try {
        co_await std::move(work);
    } catch (const boost::system::system_error&) {
        throw;  // a cancelled wait: nobody cancels here, so it is a bug of ours
    } catch (const std::exception& ended) {
        wrong.emplace_back(ended.what());
    }
}

Task<void> play_in(run::World& world, Story story, std::vector<std::string>& wrong) {
    co_await settle(world.start(), wrong);
    if (wrong.empty()) {
        co_await settle(story(world), wrong);
    }
    co_await settle(world.finish(), wrong);
}

}  // namespace

Setting setting(std::uint64_t seed, std::set<std::string, std::less<>> saboteurs) {
    Setting made;
    made.seed = seed;
    made.sim.seed = seed;
    made.sim.servers.vaults = 1;
    made.sim.servers.clusters = 1;
    made.sim.servers.product = seed % 2 == 0 ? vault::Product::openbao : vault::Product::vault;
    made.sim.servers.saboteurs = fakes::Saboteurs(std::move(saboteurs));
    return made;
}

std::vector<std::string> play(Setting setting, Story story) {
    std::vector<std::string> wrong;
    const auto environment = fakes::make_sim(setting.sim);
    run::World world(*environment, setting.seed, "storys", std::move(setting.seams));
    environment->drive(play_in(world, std::move(story), wrong));
    for (const auto* found : {&world.failures(), &world.monitors().violations()}) {
        wrong.insert(wrong.end(), found->begin(), found->end());
    }
    return wrong;
}

bool held(const rc::detail::TestResult& result, std::string& told) {
    std::ostringstream out;
    rc::detail::printResultMessage(result, out);
    told = out.str();
    return result.is<rc::detail::SuccessResult>();
}

rc::Gen<std::vector<explore::Step>> steps_by(std::vector<std::string> commands, int most) {
    const auto step = rc::gen::apply(
        [](const std::string& command, std::uint32_t chance) {
            Prng prng(chance);
            explore::Step made;
            made.does = command;
            made.after = command == "wait" ? static_cast<double>(1 + prng.below(11)) / 16 : 0;
            for (const auto& field : explore::command_named(command)->fields) {
                made.with[field] = explore::draw_field(field, {}, prng);
                // The one account that there is: steps that do not apply show nothing.
                made.with[field] = field == "account" ? "alpha" : made.with[field];
            }
            return made;
        },
        rc::gen::elementOf(std::move(commands)),
        rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint32_t>()));
    return list_of(step, most);
}

std::vector<std::string> tell(Setting setting, const std::vector<explore::Step>& steps) {
    explore::History history;
    history.name = "property";
    history.seed = setting.seed;
    history.steps = steps;
    const auto played = explore::play(history, fakes::make_sim(setting.sim),
                                      {.run_id = "storys",
                                       .seams = std::move(setting.seams),
                                       .hidden_skew = setting.skew,
                                       .stop = nullptr,
                                       .keep_trace = false});
    auto wrong = played.failures;
    if (!played.blocked.empty()) {
        wrong.push_back("blocked: " + played.blocked);
    }
    return wrong;
}

}  // namespace meshproof::scenarios::histories
