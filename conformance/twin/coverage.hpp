#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "conformance/twin/known.hpp"
#include "conformance/twin/player.hpp"

namespace meshproof::twin {

/// What was tried of one parameter.
struct ParameterCoverage {
    std::size_t right = 0, odd = 0, wrong = 0;  ///< requests that held it so
    bool differs = false;                       ///< an unexplained difference needs it

    [[nodiscard]] bool exercised() const { return right + odd + wrong > 0; }
};

/// What was tried of one operation.
struct OperationCoverage {
    std::string topic;
    const Operation* operation = nullptr;  ///< of the description, which outlives this
    std::size_t asked = 0;                 ///< of both servers
    std::string not_played;                ///< why; "" = it is
    std::string known;                     ///< why a difference of it stays; "" = there is none
    bool differs = false;                  ///< without an explanation
    std::map<std::string, ParameterCoverage> parameters;  ///< by name, all that are told
};

/// Counts of one kind of thing (paths, operations, parameters).
struct Counts {
    std::size_t all = 0, exercised = 0, agree = 0, differ = 0, not_played = 0;
};
struct TopicCoverage {
    std::string topic;
    Counts paths, operations, parameters;
};

/// How much of a server's description the stories asked, and how it went.
class Coverage {
  public:
    void add(const Topic& topic, const std::vector<const Operation*>& operations,
             const Known& known, vault::Product product);
    /// Operations of the topic that are not asked at all, for this reason.
    void add_not_asked(const Topic& topic, const std::vector<const Operation*>& operations,
                       const std::string& reason);
    /// What a story asked.
    void count(const Story& story, const Played& played);
    /// An unexplained difference, and the step that shows it.
    void count_difference(const Step& step);
    void count_known(const std::string& key, const std::string& reason);

    [[nodiscard]] const std::map<std::string, OperationCoverage>& operations() const {
        return operations_;
    }
    [[nodiscard]] std::vector<TopicCoverage> topics() const;
    /// What is played and was not asked: "KEY" of an operation, "KEY: a, b" of its parameters.
    [[nodiscard]] std::vector<std::string> never_reached() const;
    [[nodiscard]] std::string markdown() const;  ///< a table, a line a topic
    [[nodiscard]] Json json() const;  ///< the same, and each operation with its parameters

  private:
    void add_one(const Topic& topic, const Operation& operation, std::string not_played);

    std::map<std::string_view, std::size_t> kinds_;        ///< of values: requests that held one
    std::set<std::string> pairs_;                          ///< of parameters in one request
    std::map<std::string, OperationCoverage> operations_;  ///< by key
    std::vector<std::string> order_;                       ///< of topics
};

}  // namespace meshproof::twin
