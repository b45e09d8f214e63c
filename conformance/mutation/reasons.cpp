#include "conformance/mutation/reasons.hpp"

#include <algorithm>

namespace meshproof::conformance::mutation {

const std::vector<Reason>& reasons() {
    static const std::vector<Reason> all = {
        {"kube/watch/events/initial-events-on-request", "conformance/kube/watch/events.cpp",
         "events beside the error",
         "only an API server whose storage is an etcd before 3.5 answers an error here; the fake "
         "plays a later one, and one change makes either the error or one event too many"},
    };
    return all;
}

const Reason* reason_for(const std::vector<Reason>& among, std::string_view check, const At& at,
                         std::string_view text) {
    const auto found = std::ranges::find_if(among, [&](const Reason& reason) {
        return (reason.check == "*" || reason.check == check) && reason.file == at.file &&
               reason.text == text;
    });
    return found == among.end() ? nullptr : &*found;
}

}  // namespace meshproof::conformance::mutation
