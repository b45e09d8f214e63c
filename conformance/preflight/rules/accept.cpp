// The account file's own acceptances. They are judged when everything else was: see judge.cpp.
#include "conformance/preflight/rule.hpp"

namespace meshproof::preflight {

std::vector<Rule> accept_rules() {
    constexpr auto later = [](const Facts&) { return beside(); };
    return {
        {.id = "accept/expired",
         .severity = Severity::error,
         .title = "An accepted finding is there still, and its time is over.",
         .why = "Somebody meant to mend it by that day.",
         .member = "accept",
         .object = "%file%",
         .mend = {},
         .judge = later},
        {.id = "accept/unused",
         .severity = Severity::warning,
         .title = "An acceptance is for a finding that is not there.",
         .why = "It would hide the finding when it comes back. Take it out of the file.",
         .member = "accept",
         .object = "%file%",
         .mend = {},
         .judge = later},
    };
}

}  // namespace meshproof::preflight
