#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/result.hpp"

/// The parts that report.html is made of. What they return is markup, what they take is raw text
/// unless it says otherwise.
namespace meshproof::reports::pages {

/// What may be left out of a page is put in while there is room for it.
class Room {
  public:
    explicit Room(std::size_t bytes) : bytes_(bytes) {}

    /// `markup` where it fits; else "", and it is counted.
    [[nodiscard]] std::string take(std::string markup);
    [[nodiscard]] std::size_t left_out() const { return left_out_; }

  private:
    std::size_t bytes_, left_out_ = 0;
};

/// A table with a caption and heads of columns; each row's first cell is its head.
class Table {
  public:
    Table(std::string_view caption, const std::vector<std::string_view>& heads);

    Table& head(std::string_view text);  ///< begins a row
    Table& cell(std::string_view text);
    Table& number(std::string_view text);
    /// With where it lies: on a line of its own where the row is too long.
    Table& number(std::string_view text, std::string_view within);
    Table& markup(std::string_view cell);
    /// The row that was begun last stands out.
    void mark_broken();
    [[nodiscard]] bool empty() const { return rows_ == 0; }

    /// In a box that scrolls sideways where the page is narrow.
    [[nodiscard]] std::string text() const;

  private:
    void begin_row();
    std::string caption_, head_, body_;
    std::size_t rows_ = 0, row_at_ = 0;
};

/// What is to be said first, and the verdict that it is said with.
struct Headline {
    run::Verdict verdict = run::Verdict::pass;
    std::string text;
};
[[nodiscard]] Headline headline(const run::RunResult& result);

/// The word, in its colour.
[[nodiscard]] std::string verdict_word(run::Verdict verdict);
/// "<b>3</b> fail", an item of a list.
[[nodiscard]] std::string count_item(std::size_t count, std::string_view what,
                                     std::string_view css);
/// What results of a report are called for people.
struct ResultWords {
    std::string_view one, several, title;
};
/// A word for each kind of run: of its checks and its load, of the scenarios of `run`, the
/// histories of `replay`, and the properties of `explore`, which histories keep or break (always)
/// and come to or do not (sometimes). The last three are scenarios to whatever reads report.json.
[[nodiscard]] ResultWords result_words(const run::RunResult& result);
/// "1 scenario", "74 properties".
[[nodiscard]] std::string things(const run::RunResult& result, std::size_t count);
/// Of what failed or was blocked, whether it was even begun.
[[nodiscard]] bool was_begun(const run::Outcome& outcome);

/// One word for a POSIX shell, whatever is in it.
[[nodiscard]] std::string shell_word(std::string_view text);
/// Stands for a target file, whose place a report does not know.
inline constexpr std::string_view unknown_target = "TARGET_FILE";
/// The command that plays one result again, as a line for a shell; `target_file` is that of a live
/// target. "" where no command plays it alone.
[[nodiscard]] std::string replay_command(const run::RunResult& result, const run::Outcome& outcome,
                                         std::string_view target_file = unknown_target);

/// A result that did not pass, as an article: its sentence, failures, evidence, timeline, and how
/// to play it again. `number` makes its ids. "" where there is no room for it; its evidence or
/// timeline has a room of its own, so that many failures leave no failure out.
[[nodiscard]] std::string article(const run::RunResult& result, const run::Outcome& outcome,
                                  std::size_t number, Room& room, Room& details);
/// The exchanges of a check; "" where there are none.
[[nodiscard]] std::string evidence(const run::CheckOutcome& check, Room& room);
/// Drawing and table of a trace; "" where there is none.
[[nodiscard]] std::string timeline(const run::Outcome& outcome, std::string_view id, Room& room);

/// Sections by kind; "" where there is no result of the kind.
[[nodiscard]] std::string scenarios_section(const run::RunResult& result, Room& room);
[[nodiscard]] std::string loads_section(const run::RunResult& result, Room& room);
[[nodiscard]] std::string checks_section(const run::RunResult& result);

}  // namespace meshproof::reports::pages
