#include "conformance/twin/coverage.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::twin {
namespace {

void count_one(Counts& counts, bool exercised, bool differs, bool not_played) {
    ++counts.all;
    counts.not_played += not_played ? 1 : 0;
    counts.exercised += exercised ? 1 : 0;
    counts.differ += differs ? 1 : 0;
    counts.agree += exercised && !differs ? 1 : 0;
}

Json counts_json(const Counts& counts) {
    return {{"all", counts.all},
            {"exercised", counts.exercised},
            {"agree", counts.agree},
            {"differ", counts.differ},
            {"not_played", counts.not_played}};
}

std::string counts_cell(const Counts& counts) {
    return fmt::format("{} / {} / {} / {} / {}", counts.all, counts.exercised, counts.agree,
                       counts.differ, counts.not_played);
}

Json operation_json(const OperationCoverage& one) {
    Json parameters = Json::object();
    for (const auto& [name, tried] : one.parameters) {
        parameters[name] = {{"right", tried.right},
                            {"odd", tried.odd},
                            {"wrong", tried.wrong},
                            {"differs", tried.differs}};
    }
    return {{"topic", one.topic}, {"asked", one.asked},     {"not_played", one.not_played},
            {"known", one.known}, {"differs", one.differs}, {"parameters", parameters}};
}

}  // namespace

void Coverage::add_one(const Topic& topic, const Operation& operation, std::string not_played) {
    OperationCoverage one;
    one.topic = std::string(topic.name);
    one.operation = &operation;
    one.not_played = std::move(not_played);
    for (const auto& parameter : operation.parameters) {
        one.parameters[parameter.name];
    }
    operations_.try_emplace(operation.key(), std::move(one));
}

void Coverage::add(const Topic& topic, const std::vector<const Operation*>& operations,
                   const Known& known, vault::Product product) {
    order_.emplace_back(topic.name);
    for (const auto* operation : operations) {
        add_one(topic, *operation, known.why_not_played(operation->key(), product));
    }
}

void Coverage::add_not_asked(const Topic& topic, const std::vector<const Operation*>& operations,
                             const std::string& reason) {
    for (const auto* operation : operations) {
        add_one(topic, *operation, reason);
    }
}

void Coverage::count(const Story& story, const Played& played) {
    for (std::size_t i = 0; i < std::min(played.steps, story.steps.size()); ++i) {
        const auto& step = story.steps[i];
        const auto found = operations_.find(step.key);
        if (found == operations_.end()) {
            continue;
        }
        ++found->second.asked;
        for (const auto& use : step.uses) {
            auto& tried = found->second.parameters[use.name];
            ++(use.fit == Fit::right ? tried.right : use.fit == Fit::odd ? tried.odd : tried.wrong);
            if (use.in != In::path) {
                ++kinds_[use.kind];
            }
            for (const auto& other : step.uses) {
                if (use.in != In::path && other.in != In::path && use.name < other.name) {
                    pairs_.insert(fmt::format("{} {} {}", step.key, use.name, other.name));
                }
            }
        }
    }
}

void Coverage::count_difference(const Step& step) {
    const auto found = operations_.find(step.key);
    if (found == operations_.end()) {
        return;
    }
    found->second.differs = true;
    for (const auto& use : step.uses) {
        found->second.parameters[use.name].differs = true;
    }
}

void Coverage::count_known(const std::string& key, const std::string& reason) {
    if (const auto found = operations_.find(key); found != operations_.end()) {
        found->second.known = reason;
    }
}

std::vector<TopicCoverage> Coverage::topics() const {
    struct OfPath {
        bool exercised = false, differs = false, not_played = true;
        std::map<std::string, ParameterCoverage> parameters;
    };
    std::vector<TopicCoverage> out;
    for (const auto& topic : order_) {
        TopicCoverage row;
        row.topic = topic;
        std::map<std::string, OfPath> paths;
        for (const auto& [key, one] : operations_) {
            if (one.topic != topic) {
                continue;
            }
            const bool not_played = !one.not_played.empty();
            count_one(row.operations, one.asked > 0, one.differs, not_played);
            auto& path = paths[one.operation->path];
            path.exercised = path.exercised || one.asked > 0;
            path.differs = path.differs || one.differs;
            path.not_played = path.not_played && not_played;
            for (const auto& parameter : one.operation->parameters) {
                const auto& tried = one.parameters.at(parameter.name);
                if (parameter.in != In::path) {
                    count_one(row.parameters, tried.exercised(), tried.differs, not_played);
                    continue;
                }
                auto& whole = path.parameters[parameter.name];  // once for the path
                whole.right += tried.right;
                whole.differs = whole.differs || tried.differs;
            }
        }
        for (const auto& [name, path] : paths) {
            count_one(row.paths, path.exercised, path.differs, path.not_played);
            for (const auto& [parameter, tried] : path.parameters) {
                count_one(row.parameters, tried.exercised(), tried.differs, path.not_played);
            }
        }
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<std::string> Coverage::never_reached() const {
    std::vector<std::string> out;
    for (const auto& [key, one] : operations_) {
        if (!one.not_played.empty()) {
            continue;
        }
        std::vector<std::string> names;
        for (const auto& parameter : one.operation->parameters) {
            // A path's own are in every request for it.
            if (parameter.in != In::path && !one.parameters.at(parameter.name).exercised()) {
                names.push_back(parameter.name);
            }
        }
        if (one.asked == 0) {
            out.push_back(key);
        } else if (!names.empty()) {
            out.push_back(fmt::format("{}: {}", key, join(names, ", ")));
        }
    }
    return out;
}

std::string Coverage::markdown() const {
    std::string out =
        "Each cell: all / exercised / agree / differ / not played.\n\n"
        "| topic | paths | operations | parameters |\n|---|---|---|---|\n";
    for (const auto& row : topics()) {
        out += fmt::format("| {} | {} | {} | {} |\n", row.topic, counts_cell(row.paths),
                           counts_cell(row.operations), counts_cell(row.parameters));
    }
    out += "\nValues, by what they are to a parameter's type: ";
    std::string kinds;
    for (const auto kind : kinds_of_values) {
        const auto found = kinds_.find(kind);
        kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ",
                             found == kinds_.end() ? 0 : found->second, kind);
    }
    out += fmt::format("{}.\nPairs of parameters in one request: {}.\n", kinds, pairs_.size());
    return out;
}

Json Coverage::json() const {
    Json rows = Json::array();
    for (const auto& row : topics()) {
        rows.push_back({{"topic", row.topic},
                        {"paths", counts_json(row.paths)},
                        {"operations", counts_json(row.operations)},
                        {"parameters", counts_json(row.parameters)}});
    }
    Json operations = Json::object();
    for (const auto& [key, one] : operations_) {
        operations[key] = operation_json(one);
    }
    Json kinds = Json::object();
    for (const auto& [kind, times] : kinds_) {
        kinds[std::string(kind)] = times;
    }
    return {{"schema", "meshproof.twin-coverage/v1"},
            {"topics", rows},
            {"values", kinds},
            {"pairs", pairs_.size()},
            {"never_reached", never_reached()},
            {"operations", operations}};
}

}  // namespace meshproof::twin
