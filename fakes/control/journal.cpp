#include "fakes/control/journal.hpp"

namespace meshproof::fakes {

nlohmann::json Journal::read(std::uint64_t since, std::size_t limit) const {
    using Json = nlohmann::json;
    const auto begin = std::max(since, first_);
    const auto end = first_ + entries_.size();
    Json list = Json::array();
    auto number = begin;
    for (; number < end && list.size() < limit; ++number) {
        const auto& entry = entries_[static_cast<std::size_t>(number - first_)];
        Json caller = {{"address", entry.address}};
        for (const auto& [name, text] :
             {std::pair("user_agent", &entry.user_agent), std::pair("accessor", &entry.accessor),
              std::pair("subject", &entry.subject)}) {
            if (!text->empty()) {
                caller[name] = *text;
            }
        }
        list.push_back({{"number", number},
                        {"time", rfc3339_nano(entry.at)},
                        {"server", entry.server},
                        {"kind", entry.method.empty() ? "connection" : "request"},
                        {"method", entry.method},
                        {"path", entry.path},
                        {"status", entry.status},
                        {"caller", std::move(caller)},
                        {"took_us", entry.took / std::chrono::microseconds(1)},
                        {"faults", entry.faults}});
    }
    return {{"entries", std::move(list)},
            {"next", std::max(number, since)},
            {"lost", std::min(begin, std::max(end, since)) - std::min(since, begin)}};
}

}  // namespace meshproof::fakes
