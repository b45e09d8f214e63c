#pragma once

#include <string>
#include <string_view>

#include "core/kube/client.hpp"

namespace meshproof::run {

/// The label with the run's id on every Kubernetes object of ours.
inline constexpr std::string_view run_label = "meshproof.io/run";

/// A run's id as runs draw it: six letters or digits, then "-" and more for one scenario or check
/// of it ("k3f9a2", "k3f9a2-ab12"). Words that people choose are rarely one.
[[nodiscard]] bool is_run_id(std::string_view text);

/// What tells the things of one run (or of one scenario or check of it) from everybody else's. A
/// name alone is no proof, since anybody may choose it: what can hold a text inside carries
/// `text()` there, and only that makes it removable by a later `clean` (decision 0006).
class RunMark {
  public:
    explicit RunMark(std::string run_id);

    [[nodiscard]] const std::string& run_id() const { return run_id_; }
    /// "meshproof-RUNID-BASE": for everything that is created on a server.
    [[nodiscard]] std::string name(std::string_view base) const;
    /// "meshproof.io/run=RUNID": the description of a mount or an auth method.
    [[nodiscard]] std::string text() const;
    /// The policy with the mark as a comment before it.
    [[nodiscard]] std::string in_policy(std::string_view hcl) const;
    /// For every Kubernetes object.
    [[nodiscard]] kube::Labels labels() const;

    /// The run whose mark the text holds, "" where it holds none.
    [[nodiscard]] static std::string run_in(std::string_view text);
    /// Whether `run_id` is that of the run `wanted`, or of a scenario or check of it; of any run
    /// where `wanted` is empty.
    [[nodiscard]] static bool belongs(std::string_view run_id, std::string_view wanted);
    /// Whether the name looks like one of the run's (of any run's where `wanted` is empty).
    [[nodiscard]] static bool named_like(std::string_view name, std::string_view wanted);

  private:
    std::string run_id_;
};

}  // namespace meshproof::run
