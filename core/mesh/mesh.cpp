#include "core/mesh/mesh.hpp"

#include "core/base/text.hpp"

namespace meshproof::mesh {

void Mesh::tell(std::string what, EventFields fields) const {
    observer.on_event({std::move(what), std::move(fields)});
}

std::string Mesh::logical(std::string_view pod) const {
    if (pod.ends_with(options.name_suffix)) {
        pod.remove_suffix(options.name_suffix.size());
    }
    return std::string(pod);
}

Duration Mesh::usual_life() const {
    return options.requested_ttl.value_or(std::chrono::hours(1));
}

kube::Client bounded(const Mesh& mesh, const kube::Client& client, Duration limit) {
    auto access = client.access();
    access.endpoint.timeout = std::min(access.endpoint.timeout, limit);
    return {mesh.transport, std::move(access)};
}

std::string selector_of(const kube::Labels& labels) {
    std::vector<std::string> terms;
    for (const auto& [key, value] : labels) {
        terms.push_back(key + "=" + value);
    }
    return join(terms, ",");
}

}  // namespace meshproof::mesh
