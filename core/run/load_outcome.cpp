#include "core/run/load_outcome.hpp"

namespace meshproof::run {

std::string_view to_string(LoadEnd end) {
    switch (end) {
        case LoadEnd::planned:
            return "planned";
        case LoadEnd::stopped:
            return "stopped";
        case LoadEnd::aborted:
            return "aborted";
    }
    return {};
}

std::string_view to_string(BoundAnswer answer) {
    switch (answer) {
        case BoundAnswer::kept:
            return "kept";
        case BoundAnswer::missed:
            return "missed";
        case BoundAnswer::no_data:
            return "no_data";
    }
    return {};
}

}  // namespace meshproof::run
