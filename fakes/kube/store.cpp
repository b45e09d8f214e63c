#include "fakes/kube/store.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

namespace meshproof::fakes::kube {
namespace {
// Enough for a watcher that is a few minutes late in a busy cluster; the real one keeps five
// minutes of history.
constexpr std::size_t kept_events = 10'000;
}  // namespace

Object shown_as(const ResourceType& type, Object kept) {
    const auto& from = kept_type(type);
    if (&from == &type || !kept ||
        (type.custom != nullptr && text_at(*kept, "/apiVersion") == type.api_version())) {
        return kept;
    }
    return std::make_shared<const Json>(converted(*kept, from, type));
}

Object Store::find(const ResourceType& type, const std::string& namespace_name,
                   const std::string& name) const {
    const auto objects = objects_.find(&kept_type(type));
    if (objects == objects_.end()) {
        return nullptr;
    }
    const auto found = objects->second.find({type.namespaced ? namespace_name : "", name});
    return found == objects->second.end() ? nullptr : shown_as(type, found->second);
}

std::vector<Object> Store::list(const ResourceType& type, const std::string& namespace_name) const {
    std::vector<Object> out;
    const auto objects = objects_.find(&kept_type(type));
    if (objects == objects_.end()) {
        return out;
    }
    const bool all = namespace_name.empty() || !type.namespaced;
    auto at = all ? objects->second.begin() : objects->second.lower_bound({namespace_name, ""});
    for (; at != objects->second.end() && (all || at->first.first == namespace_name); ++at) {
        out.push_back(shown_as(type, at->second));
    }
    return out;
}

std::vector<Object> Store::list_at(const ResourceType& type, const std::string& namespace_name,
                                   std::uint64_t version) const {
    if (version >= version_) {
        return list(type, namespace_name);
    }
    std::map<Name, Object> then;
    for (const auto& object : list(type, namespace_name)) {
        then.emplace(Name{meta(*object, "namespace"), meta(*object, "name")}, object);
    }
    // Undoes what came later, the last first.
    for (auto event = events_.rbegin(); event != events_.rend() && event->version > version;
         ++event) {
        const Name name{meta(*event->object, "namespace"), meta(*event->object, "name")};
        if (event->type != &kept_type(type) ||
            (!namespace_name.empty() && type.namespaced && name.first != namespace_name)) {
            continue;
        }
        if (event->change == Change::added) {
            then.erase(name);
        } else {
            then[name] = shown_as(type, event->before);
        }
    }
    std::vector<Object> out;
    for (auto& [name, object] : then) {
        out.push_back(std::move(object));
    }
    return out;
}

Json Store::complete(const ResourceType& type, Json object) {
    object["kind"] = type.kind;
    object["apiVersion"] = type.api_version();
    auto& metadata = object["metadata"];
    metadata["uid"] = uuid();
    metadata["creationTimestamp"] = rfc3339(clock_.now());
    if (!type.namespaced) {
        metadata.erase("namespace");
    }
    return object;
}

Object Store::add(const ResourceType& type, Json object) {
    const auto& kept_as = kept_type(type);
    object = converted(complete(type, std::move(object)), type, kept_as);
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    const Name name{meta(object, "namespace"), meta(object, "name")};
    auto kept = std::make_shared<const Json>(std::move(object));
    const bool inserted = objects_[&kept_as].emplace(name, kept).second;
    MESHPROOF_ASSERT(inserted, "{} {}/{} is there already", type.plural, name.first, name.second);
    note(Change::added, kept_as, nullptr, kept);
    return shown_as(type, kept);
}

Object Store::replace(const ResourceType& type, Json object) {
    const auto& kept_as = kept_type(type);
    object = converted(std::move(object), type, kept_as);
    auto& kept = objects_[&kept_as][{meta(object, "namespace"), meta(object, "name")}];
    MESHPROOF_ASSERT(kept != nullptr, "{} is not there", type.plural);
    object["metadata"]["resourceVersion"] = meta(*kept, "resourceVersion");
    if (object == *kept) {
        return shown_as(type, kept);
    }
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    auto before = std::exchange(kept, std::make_shared<const Json>(std::move(object)));
    auto now = kept;
    note(Change::modified, kept_as, std::move(before), now);
    return shown_as(type, now);
}

Object Store::remove(const ResourceType& type, const std::string& namespace_name,
                     const std::string& name) {
    const auto present = find(type, namespace_name, name);
    MESHPROOF_ASSERT(present != nullptr, "{} {} is not there", type.plural, name);
    return remove(type, *present);
}

Object Store::remove(const ResourceType& type, Json last) {
    const auto& kept_as = kept_type(type);
    last = converted(std::move(last), type, kept_as);
    auto taken = objects_[&kept_as].extract({meta(last, "namespace"), meta(last, "name")});
    MESHPROOF_ASSERT(!taken.empty(), "{} {} is not there", type.plural, meta(last, "name"));
    last["metadata"]["resourceVersion"] = std::to_string(++version_);
    auto object = std::make_shared<const Json>(std::move(last));
    note(Change::deleted, kept_as, taken.mapped(), object);
    return shown_as(type, object);
}

void Store::restore(const ResourceType& type, Json object) {
    Name name{meta(object, "namespace"), meta(object, "name")};
    objects_[&type][std::move(name)] = std::make_shared<const Json>(std::move(object));
}

void Store::note(Change change, const ResourceType& type, Object before, Object object) {
    events_.push_back({version_, change, &type, std::move(before), std::move(object)});
    if (events_.size() > kept_events) {
        forgotten_ = events_.front().version;
        events_.pop_front();
    }
    changed_.notify_all();
}

std::string Store::uuid() {
    return fresh_uuid(prng_);
}

std::string fresh_uuid(Prng& prng) {
    auto bytes = prng.bytes(16);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x40U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);
    auto hex = to_hex(bytes);
    for (const std::size_t at : {8, 13, 18, 23}) {
        hex.insert(at, 1, '-');
    }
    return hex;
}

std::string meta(const Json& object, const char* key) {
    const auto metadata = object.find("metadata");
    if (metadata == object.end() || !metadata->is_object()) {
        return {};
    }
    const auto found = metadata->find(key);
    return found != metadata->end() && found->is_string() ? found->get<std::string>() : "";
}

std::string text_at(const Json& object, const char* pointer) {
    const Json::json_pointer path(pointer);
    if (!object.contains(path) || !object.at(path).is_string()) {
        return {};
    }
    return object.at(path).get<std::string>();
}

std::int64_t count_at(const Json& object, const char* pointer, std::int64_t otherwise) {
    return object.value(Json::json_pointer(pointer), otherwise);
}

}  // namespace meshproof::fakes::kube
