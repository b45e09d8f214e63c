// The whole mutation run, and what is published of it.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "conformance/mutation/tests/run.hpp"
#include "core/base/text.hpp"
#include "core/time/prng.hpp"

namespace meshproof::conformance::mutation {
namespace {

struct Files {
    std::string markdown, json;
};

/// "--all --seed 7": as it was called.
std::string command_line(int count, char** arguments) {
    std::string line = "mutation_run";
    for (int i = 1; i < count; ++i) {
        line += fmt::format(" {}", arguments[i]);
    }
    return line;
}

void tell(const CheckPursuit& check) {
    fmt::print(stderr, "{} {} plays, {} expectations, {} never failed\n", check.id, check.plays,
               check.expectations.size(), check.never_failed().size());
}

bool written(const std::string& path, const std::string& text) {
    const auto done = path.empty() ? Result<void>{} : write_file(path, text);
    if (!done) {
        fmt::print(stderr, "mutation_run: {}\n", done.error().message);
    }
    return done.has_value();
}

/// What makes the run a failure, a line each on stdout.
int judged(const MutationResult& result) {
    const auto unexplained = result.unexplained(reasons());
    const auto not_passed = result.not_passed();
    const auto stale = result.whole ? result.stale(reasons()) : std::vector<std::string>();
    const auto half_taken = result.half_taken();
    for (const auto& line : not_passed) {
        fmt::print("did not pass unchanged: {}\n", line);
    }
    for (const auto& line : unexplained) {
        fmt::print("never seen to fail: {}\n", line);
    }
    for (const auto& line : stale) {
        fmt::print("a reason that nothing needs: {}\n", line);
    }
    for (const auto& line : half_taken) {
        fmt::print("a branch that one product alone takes: {}\n", line);
    }
    const bool good =
        unexplained.empty() && not_passed.empty() && stale.empty() && half_taken.empty();
    return good ? 0 : 1;
}

int main_of(int count, char** arguments) {
    CLI::App app("Changes what the conformance checks are answered, one thing at a time.");
    RunOptions options;
    Files files;
    bool verbose = false;
    options.seed = fresh_seed();
    app.add_flag_callback(
        "--all", [&options] { options.score_share = 1; }, "every change, for the score");
    app.add_option("--score-share", options.score_share,
                   "every change, but of one check of so many, and one of each topic");
    app.add_option("--only", options.only, "checks whose id holds this");
    app.add_option("--share", options.share, "one check of so many");
    app.add_option("--seed", options.seed, "of the shares");
    app.add_option("--threads", options.threads, "plays side by side");
    app.add_option("--most-plays", options.most_plays, "for one expectation");
    app.add_option("--markdown", files.markdown, "file for the result");
    app.add_option("--json", files.json, "file for the result");
    app.add_flag("--verbose", verbose, "a line for each check");
    CLI11_PARSE(app, count, arguments);
    if (options.share > 1 || options.score_share > 1) {
        fmt::print("seed {}\n", options.seed);
    }
    if (verbose) {
        options.on_end = tell;
    }
    name_what_ends_the_program();
    auto result = run_mutation(options);
    result.command = command_line(count, arguments);
    const bool kept = written(files.markdown, to_markdown(result, reasons())) &&
                      written(files.json, to_json(result, reasons()).dump(1) + "\n");
    return kept ? judged(result) : 1;
}

}  // namespace
}  // namespace meshproof::conformance::mutation

int main(int count, char** arguments) {
    return meshproof::conformance::mutation::main_of(count, arguments);
}
