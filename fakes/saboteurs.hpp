#pragma once

#include <set>
#include <string>
#include <string_view>

namespace meshproof::fakes {

/// Which deliberate faults of a fake are on, by name: how a test shows that a monitor, a property
/// or a scenario can fail. A room that has some lists them in its saboteurs.cpp, each at a seam of
/// the room; what no seam reaches is one guarded line of the rule:
/// `if (!saboteurs.on("capacity/ignored")) { … }`.
class Saboteurs {
  public:
    Saboteurs() = default;
    explicit Saboteurs(std::set<std::string, std::less<>> names) : names_(std::move(names)) {}
    [[nodiscard]] bool on(std::string_view name) const { return names_.contains(name); }
    void add(std::string name) { names_.insert(std::move(name)); }

  private:
    std::set<std::string, std::less<>> names_;
};

}  // namespace meshproof::fakes
