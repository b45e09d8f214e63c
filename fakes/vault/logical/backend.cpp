#include "fakes/vault/logical/backend.hpp"

namespace meshproof::fakes::vault {

BackendResponse BackendResponse::with(Json data, std::vector<std::string> warnings) {
    BackendResponse response;
    response.kind = Kind::data;
    response.data = std::move(data);
    response.warnings = std::move(warnings);
    return response;
}

BackendResponse BackendResponse::error(std::string text, int status) {
    BackendResponse response;
    response.kind = Kind::error;
    response.text = std::move(text);
    response.status = status;
    return response;
}

BackendResponse BackendResponse::go_error(std::string text, int status) {
    BackendResponse response;
    response.kind = Kind::go_error;
    response.text = std::move(text);
    response.status = status;
    return response;
}

BackendResponse list_answer(const std::vector<std::string>& keys) {
    return BackendResponse::with(keys.empty() ? Json::object() : Json{{"keys", keys}});
}

}  // namespace meshproof::fakes::vault
