#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meshproof::reports {

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

/// Writes the text format of OpenMetrics 1.0, one family after the other. Names and help are our
/// own words; values of labels may be any text.
class OpenMetricsText {
  public:
    /// Begins a family; `type` is "gauge", "info" or "summary". A name that ends in "_seconds" gets
    /// that unit.
    void family(std::string_view name, std::string_view type, std::string_view help);
    /// A sample of the family; `suffix` is "_info", "_count" or "_sum" where its type wants one.
    void sample(const Labels& labels, double value, std::string_view suffix = {});
    /// All of it, and the mark that it is whole.
    [[nodiscard]] std::string end() &&;
    [[nodiscard]] std::string end() & { return std::move(*this).end(); }

  private:
    std::string name_, text_;
};

}  // namespace meshproof::reports
