#include "core/check/check.hpp"

#include "core/base/text.hpp"

namespace meshproof::run {

std::string Check::sources() const {
    std::vector<std::string> all;
    if (!rows.empty()) {
        std::vector<std::string> numbers;
        for (const auto row : rows) {
            numbers.push_back(std::to_string(row));
        }
        all.push_back("wire contract " + join(numbers, ", "));
    }
    if (!rules.empty()) {
        all.push_back("SVID rules " +
                      join(std::vector<std::string>(rules.begin(), rules.end()), ", "));
    }
    if (!source.empty()) {
        all.emplace_back(source);
    }
    return join(all, "; ");
}

}  // namespace meshproof::run
