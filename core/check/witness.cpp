#include "core/check/witness.hpp"

namespace meshproof::run {

std::string_view to_string(Expected what) {
    switch (what) {
        case Expected::status:
            return "status";
        case Expected::error:
            return "error";
        case Expected::no_text:
            return "error without a text";
        case Expected::warning:
            return "warning";
        case Expected::no_warning:
            return "no warning";
        case Expected::equal:
            return "value";
        case Expected::keys:
            return "keys";
        case Expected::holds:
            return "sentence";
        case Expected::reached:
            return "end";
    }
    return {};
}

}  // namespace meshproof::run
