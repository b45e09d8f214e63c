#pragma once

#include <set>
#include <string>
#include <string_view>

namespace meshproof::fakes {

/// Deliberate one-line defects of a fake, by name: how a test shows that a check, monitor or
/// property can fail. A defect stands where the right behaviour is: `if
/// (!defects.on("pki/ignore-role-max-ttl")) { cap… }`.
class Defects {
  public:
    Defects() = default;
    explicit Defects(std::set<std::string, std::less<>> names) : names_(std::move(names)) {}
    [[nodiscard]] bool on(std::string_view name) const { return names_.contains(name); }
    void add(std::string name) { names_.insert(std::move(name)); }

  private:
    std::set<std::string, std::less<>> names_;
};

}  // namespace meshproof::fakes
