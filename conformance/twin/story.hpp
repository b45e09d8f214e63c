#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/twin/topics.hpp"
#include "conformance/twin/vocabulary.hpp"
#include "core/time/time.hpp"

namespace meshproof::twin {

/// A parameter that a request tries on purpose.
struct Use {
    std::string name;
    In in = In::body;
    Fit fit = Fit::right;
    std::string_view kind = "right";  ///< of the value: kinds_of_values
    friend bool operator==(const Use&, const Use&) = default;
};

/// What a server answers, where only the fake can be asked.
struct Says {
    int status = 0;
    /// JSON pointer -> value; null = it is not there.
    std::map<std::string, Json> members{};
    friend bool operator==(const Says&, const Says&) = default;
};

/// One request of a story, the same for both servers. Its texts may hold marks, which each server
/// gets in its own words:
///   {pki}, {kubernetes}  where the story's engines are mounted (in paths);
///   @{own:a}             a name with the run's mark;
///   @{home}              the run's own namespace in a cluster;
///   @{3:/data/id}        what that server's answer to the request of number 3 holds there.
struct Step {
    std::size_t number = 0;  ///< kept when others are taken out
    std::string key;         ///< of the operation
    std::string method;      ///< as sent: PUT for POST, say
    std::string path;        ///< its parameters filled in
    std::vector<std::pair<std::string, std::string>> query{};
    std::optional<Json> body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    bool bare = false;           ///< without a token
    std::string as{};            ///< with this token (a mark) instead of the story's
    bool ground = false;         ///< mounts something: the story means nothing without it
    Duration wait{};             ///< before it is asked
    std::optional<Says> says{};  ///< what holds where the real server is not waited for
    /// Members in which the two are not alike, as in Deviation: what they say there is not
    /// compared.
    std::vector<std::string> unlike{};
    std::vector<Use> uses{};
    friend bool operator==(const Step&, const Step&) = default;
};

/// How requests to a kind of server look, for whoever reads them.
struct Manner {
    std::string_view server;    ///< "vault", "kubernetes"
    std::string_view prefix;    ///< before paths: "/v1/"
    std::string_view header;    ///< that holds the token
    std::string_view before;    ///< it in the header: "Bearer "
    std::string_view variable;  ///< that stands for it in commands
};
[[nodiscard]] const Manner& manner_of(std::string_view server);

/// A path as a request line can hold it; escapes that are there stay.
[[nodiscard]] std::string on_the_wire(std::string_view path);

/// What is written, read back, listed, used, changed and deleted, in order.
struct Story {
    std::string server = "vault";
    std::string topic;
    std::vector<Step> steps{};
    std::string name{};  ///< of a written one; "" = it was drawn
    std::string what{};  ///< of a written one, in a sentence
    friend bool operator==(const Story&, const Story&) = default;
};

/// The numbers of the steps whose answers the text refers to.
[[nodiscard]] std::vector<std::size_t> referred(std::string_view text);
/// All that a step's path, query, body and headers refer to.
[[nodiscard]] std::vector<std::size_t> referred(const Step& step);

/// The value with nothing for every text that holds a mark: a mark for a secret is none.
[[nodiscard]] Json without_marks(const Json& value);

/// How often each operation ("KEY") and each parameter ("KEY NAME") was tried: those that were
/// tried least come first.
using Tried = std::map<std::string, std::size_t>;

/// What a story is to ask on purpose.
struct Wanted {
    const Operation* operation = nullptr;
    const Parameter* parameter = nullptr;  ///< alone; null = with what it has to have
    Fit fit = Fit::right;
    std::size_t tries = 0;  ///< stories that were to ask it, and did not
};

struct DrawOptions {
    std::size_t bursts = 4;  ///< objects that are written, read, used and deleted
    /// What the first bursts are about; the others are about what was tried least.
    std::vector<Wanted> wanted{};
    /// Its objects are asked for by somebody who may do little or nothing (stranger.hpp). What he
    /// asks counts as tried for no parameter: it may have been refused unread.
    bool stranger = false;
    bool namespaces = false;  ///< the servers have child namespaces that he may be of
};

/// A story of the topic. `operations` are those that may be asked; `tried` is counted up.
[[nodiscard]] Story draw_story(const Topic& topic, const std::vector<const Operation*>& operations,
                               const Vocabulary& vocabulary, const DrawOptions& options,
                               Tried& tried, Prng prng);

}  // namespace meshproof::twin
