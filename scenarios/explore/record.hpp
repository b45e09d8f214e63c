#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/run/result.hpp"
#include "core/time/time.hpp"

namespace meshproof::scenarios::explore {

/// Situations that a proof should have met sometimes. One that no run reached is a row of the
/// report: what was never there was never shown.
inline constexpr std::array marks = {
    std::string_view("a leaf ended while its pod lived"),
    std::string_view("a leaf was renewed"),
    std::string_view("a request was accepted"),
    std::string_view("a request was refused for a leaf that had ended"),
    std::string_view("a request was refused for a foreign CA"),
    std::string_view("two clusters talked"),
    std::string_view("leaves of two CAs talked in one cluster"),
    std::string_view("a pod was restarted while its CA worked"),
    std::string_view("a pod was restarted while its CA could not sign"),
    std::string_view("a node agent was restarted"),
    std::string_view("a CA was deleted while pods held its leaves"),
    std::string_view("a cluster was connected to another CA"),
    std::string_view("a cluster was out of sync"),
    std::string_view("an account was refused its deletion"),
    std::string_view("health said Connected"),
    std::string_view("health said Unknown"),
    std::string_view("a request met a troubled wire"),
    std::string_view("a pod was not ready and became so"),
    std::string_view("the mesh's date was wrong"),
    std::string_view("somebody changed a Secret of the mesh"),
    std::string_view("an issuer was rotated under living leaves"),
    std::string_view("an issuer was revoked"),
    std::string_view("an issuer ended"),
    std::string_view("a root was rotated with cross-signing"),
    std::string_view("a root was replaced without overlap"),
    std::string_view("a token ended while its pod lived"),
    std::string_view("logins began to give other tokens"),
    std::string_view("an auth role asked for another audience"),
    std::string_view("a quota limited the signatures"),
    std::string_view("a Vault's leader stepped down"),
    std::string_view("a workload was scaled up"),
    std::string_view("a workload was defined anew"),
    std::string_view("a pod was deleted while its mesh could not see it"),
    std::string_view("an account was deleted beside another call"),
    std::string_view("two accounts shared a PKI"),
    std::string_view("a leaf was revoked"),
    std::string_view("somebody mended a CA"),
    std::string_view("leaves were very short for a while"),
    std::string_view("a server asked to be left alone"),
    std::string_view("a server that was away said until when"),
    std::string_view("many asked one Vault for signatures at once"),
    std::string_view("all pods came anew at a busy Vault"),
    std::string_view("renewals of many pods were spread"),
    std::string_view("a kept connection carried a request"),
    std::string_view("a kept connection outlived the right to it"),
    std::string_view("a stranger was refused"),
    std::string_view("a request was led astray"),
    std::string_view("a service account that is not named was refused its login"),
    std::string_view("another CA was connected during an outage"),
    std::string_view("an account whose CA a cluster still runs was refused its deletion"),
    std::string_view("a CA was connected to pods without a leaf"),
    std::string_view("somebody held another trust store in a cluster"),
    std::string_view("the mesh's date jumped ahead and back"),
    std::string_view("a server's date jumped away and back"),
    std::string_view("health warned of a cluster that is out of sync"),
    std::string_view("a service account was renamed"),
    std::string_view("somebody deleted a service account"),
    std::string_view("a cluster was offboarded"),
    std::string_view("an offboarded cluster came back"),
    std::string_view("a CA's tokens outlived several leaves"),
    std::string_view("leaves came from a namespace of Vault"),
    std::string_view("an account had no bundle"),
    std::string_view("workloads had several pods"),
};

/// A step as it was played.
struct Told {
    Duration at{};                   ///< since the history began
    Time date;                       ///< by the right clock
    std::string text;                ///< "seal vault=0"
    std::string skipped;             ///< why it did not apply; "" = it did
    std::vector<std::string> wrong;  ///< what did not hold after it
};

/// The life of a leaf in a pod, as far as it was seen.
struct LeafBar {
    std::string serial, ca;
    Duration from{}, until{};  ///< since the history began
};
struct PodLane {
    std::string cluster, workload, name;
    Duration first_seen{}, last_seen{};
    std::vector<LeafBar> leaves;
};
struct RequestMark {
    Duration at{};
    std::string from, to;  ///< pods' names
    bool accepted = false;
    bool wrong = false;
};
struct FaultBand {
    std::string what;
    Duration from{};
    std::optional<Duration> until;  ///< nothing = to the end
};

/// What playing a history showed.
struct Record {
    std::vector<Told> steps;
    std::map<std::string, PodLane> lanes;  ///< by uid
    std::vector<RequestMark> requests;
    std::vector<FaultBand> faults;
    std::set<std::string_view> reached;  ///< of `marks`
    std::size_t requests_judged = 0;
};

/// A played history, judged.
struct Played {
    Record record;
    std::vector<std::string> failures;  ///< "expiry: …": the part before the colon says what broke
    std::size_t of_clean_up = 0;        ///< so many of them, the last ones
    std::string blocked;                ///< why it could not be played to its end; "" = it could
    std::string skip;                   ///< what the target lacks; "" = nothing
    std::string digest;
    Duration virtual_time{};
    std::vector<run::ServerVersion> servers;

    [[nodiscard]] bool good() const { return failures.empty() && blocked.empty(); }
};

/// The part of a failure that says which of the properties is broken: "expiry".
[[nodiscard]] inline std::string_view tag_of(std::string_view failure) {
    return failure.substr(0, failure.find(':'));
}

}  // namespace meshproof::scenarios::explore
