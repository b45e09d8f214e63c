#include "fakes/kube/store.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

namespace meshproof::fakes::kube {
namespace {
// Enough for a watcher that is a few minutes late in a busy cluster; the real one keeps five
// minutes of history. Of large objects so many changes would be gigabytes, so that what they weigh
// is bounded, too.
constexpr std::size_t kept_events = 10'000;

const Json* member_in(const Json& object, const char* key) {
    if (!object.is_object()) {
        return nullptr;
    }
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

/// The uids of those who own it.
std::set<std::string> owner_uids(const Json& object) {
    std::set<std::string> uids;
    const auto* metadata = member_in(object, "metadata");
    const auto* owners = metadata == nullptr ? nullptr : member_in(*metadata, "ownerReferences");
    if (owners == nullptr || !owners->is_array()) {
        return uids;
    }
    for (const auto& owner : *owners) {
        if (const auto* uid = member_in(owner, "uid"); uid != nullptr && uid->is_string()) {
            uids.insert(uid->get<std::string>());
        }
    }
    return uids;
}

}  // namespace

std::size_t weight_of(const Json& value) {
    constexpr std::size_t plain = sizeof(Json), text = plain + sizeof(std::string);
    constexpr std::size_t member = text + 5 * sizeof(void*);  // a node of a map, with its key
    if (value.is_string()) {
        return text + value.get_ref<const std::string&>().size();
    }
    std::size_t weight = plain;
    if (value.is_array()) {
        for (const auto& item : value) {
            weight += weight_of(item);
        }
    } else if (value.is_object()) {
        for (const auto& [key, item] : value.get_ref<const Json::object_t&>()) {
            weight += member + key.size() + weight_of(item);
        }
    }
    return weight;
}

Object shown_as(const ResourceType& type, Object kept) {
    const auto& from = kept_type(type);
    if (&from == &type || !kept ||
        (type.custom != nullptr && text_at(*kept, "/apiVersion") == type.api_version())) {
        return kept;
    }
    return std::make_shared<const Json>(converted(*kept, from, type));
}

std::shared_ptr<Store> Store::copy(const Clock& clock) const {
    auto copy = std::make_shared<Store>(prng_, clock, history_);
    copy->began_ = prng_;
    copy->custom_ = custom_;
    copy->objects_ = objects_;
    copy->weight_ = weight_;
    copy->dependents_ = dependents_;
    copy->events_ = events_;
    copy->events_weight_ = events_weight_;
    copy->version_ = version_;
    copy->forgotten_ = forgotten_;
    return copy;
}

void Store::adopt(Store&& copy) {
    MESHPROOF_ASSERT(copy.custom_ == custom_, "a copy of another store");
    take_chance(copy);
    objects_ = std::move(copy.objects_);
    weight_ = copy.weight_;
    dependents_ = std::move(copy.dependents_);
    events_ = std::move(copy.events_);
    events_weight_ = copy.events_weight_;
    version_ = copy.version_;
    forgotten_ = copy.forgotten_;
    changed_.notify_all();
}

void Store::take_chance(Store& copy) {
    if (prng_ == *copy.began_) {
        prng_ = copy.prng_;
    } else if (!(copy.prng_ == *copy.began_)) {
        prng_ = Prng(prng_.next() ^ copy.prng_.next());
    }
}

const Store::Kept* Store::found(const ResourceType& type, const std::string& namespace_name,
                                const std::string& name) const {
    const auto shelf = objects_.find(&kept_type(type));
    if (shelf == objects_.end()) {
        return nullptr;
    }
    const auto& objects = shelf->second.objects;
    const auto found = objects.find({type.namespaced ? namespace_name : "", name});
    return found == objects.end() ? nullptr : &found->second;
}

Object Store::find(const ResourceType& type, const std::string& namespace_name,
                   const std::string& name) const {
    const auto* kept = found(type, namespace_name, name);
    return kept == nullptr ? nullptr : shown_as(type, kept->object);
}

std::vector<Object> Store::list(const ResourceType& type, const std::string& namespace_name) const {
    std::vector<Object> out;
    const auto shelf = objects_.find(&kept_type(type));
    if (shelf == objects_.end()) {
        return out;
    }
    const auto& objects = shelf->second.objects;
    const bool all = namespace_name.empty() || !type.namespaced;
    auto at = all ? objects.begin() : objects.lower_bound({namespace_name, ""});
    for (; at != objects.end() && (all || at->first.first == namespace_name); ++at) {
        out.push_back(shown_as(type, at->second.object));
    }
    return out;
}

std::vector<Object> Store::owned_by(const ResourceType& type, const std::string& namespace_name,
                                    const std::string& uid) const {
    std::vector<Object> out;
    const auto dependents = dependents_.find(uid);
    if (dependents == dependents_.end()) {
        return out;
    }
    const auto names = dependents->second.find(&kept_type(type));
    if (names == dependents->second.end()) {
        return out;
    }
    for (const auto& [space, name] : names->second) {
        if (space == namespace_name) {
            out.push_back(find(type, space, name));
        }
    }
    return out;
}

std::size_t Store::weight(const ResourceType& type, const std::string& namespace_name,
                          const std::string& name) const {
    const auto* kept = found(type, namespace_name, name);
    return kept == nullptr ? 0 : kept->weight;
}

std::size_t Store::weight(const ResourceType& type) const {
    const auto shelf = objects_.find(&kept_type(type));
    return shelf == objects_.end() ? 0 : shelf->second.weight;
}

void Store::note_owners(const ResourceType& type, const Name& name, const Json& object,
                        bool there) {
    for (const auto& uid : owner_uids(object)) {
        if (there) {
            dependents_[uid][&type].insert(name);
            continue;
        }
        const auto dependents = dependents_.find(uid);
        auto& names = dependents->second.at(&type);
        names.erase(name);
        if (names.empty()) {
            dependents->second.erase(&type);
        }
        if (dependents->second.empty()) {
            dependents_.erase(dependents);
        }
    }
}

const Store::Kept& Store::put(const ResourceType& type, const Name& name, Json object) {
    auto& shelf = objects_[&type];
    auto& kept = shelf.objects[name];
    if (kept.object) {
        note_owners(type, name, *kept.object, false);
    }
    note_owners(type, name, object, true);
    const auto weight = weight_of(object);
    for (auto* all : {&shelf.weight, &weight_}) {
        *all += weight - kept.weight;
    }
    kept.weight = weight;
    kept.object = std::make_shared<const Json>(std::move(object));
    return kept;
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
    MESHPROOF_ASSERT(!objects_[&kept_as].objects.contains(name), "{} {}/{} is there already",
                     type.plural, name.first, name.second);
    const auto kept = put(kept_as, name, std::move(object));
    note(Change::added, kept_as, nullptr, kept);
    return shown_as(type, kept.object);
}

Object Store::replace(const ResourceType& type, Json object) {
    const auto& kept_as = kept_type(type);
    object = converted(std::move(object), type, kept_as);
    const Name name{meta(object, "namespace"), meta(object, "name")};
    auto before = objects_[&kept_as].objects[name].object;
    MESHPROOF_ASSERT(before != nullptr, "{} is not there", type.plural);
    object["metadata"]["resourceVersion"] = meta(*before, "resourceVersion");
    if (object == *before) {
        return shown_as(type, std::move(before));
    }
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    const auto kept = put(kept_as, name, std::move(object));
    note(Change::modified, kept_as, std::move(before), kept);
    return shown_as(type, kept.object);
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
    auto& shelf = objects_[&kept_as];
    auto taken = shelf.objects.extract({meta(last, "namespace"), meta(last, "name")});
    MESHPROOF_ASSERT(!taken.empty(), "{} {} is not there", type.plural, meta(last, "name"));
    for (auto* all : {&shelf.weight, &weight_}) {
        *all -= taken.mapped().weight;
    }
    note_owners(kept_as, taken.key(), *taken.mapped().object, false);
    last["metadata"]["resourceVersion"] = std::to_string(++version_);
    const auto weight = weight_of(last);
    auto object = std::make_shared<const Json>(std::move(last));
    note(Change::deleted, kept_as, taken.mapped().object, {object, weight});
    return shown_as(type, object);
}

void Store::restore(const ResourceType& type, Json object) {
    const Name name{meta(object, "namespace"), meta(object, "name")};
    (void)put(type, name, std::move(object));
}

void Store::note(Change change, const ResourceType& type, Object before, Kept now) {
    events_weight_ += now.weight;
    events_.push_back(
        {version_, change, &type, std::move(before), std::move(now.object), now.weight});
    // The last change stays, however large: somebody waits for it.
    while (events_.size() > kept_events || (events_weight_ > history_ && events_.size() > 1)) {
        forgotten_ = events_.front().version;
        events_weight_ -= events_.front().weight;
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
    // From member to member, as nearly always: a json_pointer is a list of texts that is made anew
    // for each question. It alone knows escapes and the items of lists.
    std::string_view rest(pointer);
    const Json* at = &object;
    while (at->is_object() && !rest.empty() && rest.find('~') == std::string_view::npos) {
        const auto end = std::min(rest.find('/', 1), rest.size());
        const auto found = at->find(rest.substr(1, end - 1));
        if (found == at->end()) {
            return {};
        }
        at = &*found;
        rest.remove_prefix(end);
    }
    if (rest.empty()) {
        return at->is_string() ? at->get<std::string>() : std::string();
    }
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
