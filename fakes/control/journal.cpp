#include "fakes/control/journal.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::fakes {
namespace {

using Json = nlohmann::json;

std::string_view kind_of_entry(const Served& entry) {
    return entry.method.empty() ? "connection" : "request";
}

Json entry_json(const Served& entry, std::uint64_t number) {
    Json caller = {{"address", entry.address}};
    for (const auto& [name, text] :
         {std::pair("user_agent", &entry.user_agent), std::pair("accessor", &entry.accessor),
          std::pair("subject", &entry.subject)}) {
        if (!text->empty()) {
            caller[name] = *text;
        }
    }
    return {{"number", number},
            {"time", rfc3339_nano(entry.at)},
            {"server", entry.server},
            {"kind", kind_of_entry(entry)},
            {"method", entry.method},
            {"path", entry.path},
            {"status", entry.status},
            {"caller", std::move(caller)},
            {"took_us", entry.took / std::chrono::microseconds(1)},
            {"faults", entry.faults}};
}

}  // namespace

bool JournalQuery::fits(const Served& entry) const {
    return means_server(server, entry.server) && (kind.empty() || kind == kind_of_entry(entry)) &&
           (method.empty() || method == entry.method) && fits_path(path, entry.path) &&
           (user_agent.empty() || fits_pattern(user_agent, entry.user_agent)) &&
           (subject.empty() || fits_pattern(subject, entry.subject)) &&
           status.value_or(entry.status) == entry.status;
}

Json Journal::read(const JournalQuery& query) const {
    const auto begin = std::max(query.since, first_);
    const auto end = first_ + entries_.size();
    std::vector<std::uint64_t> found;
    auto number = begin;
    for (; number < end && (query.last || found.size() < query.limit); ++number) {
        if (query.fits(entries_[static_cast<std::size_t>(number - first_)])) {
            found.push_back(number);
        }
    }
    const auto kept = std::min(query.last.value_or(found.size()), found.size());
    Json list = Json::array();
    for (auto at = found.size() - kept; at < found.size(); ++at) {
        list.push_back(
            entry_json(entries_[static_cast<std::size_t>(found[at] - first_)], found[at]));
    }
    return {{"entries", std::move(list)},
            {"next", std::max(number, query.since)},
            {"lost", std::min(begin, std::max(end, query.since)) - std::min(query.since, begin)}};
}

}  // namespace meshproof::fakes
