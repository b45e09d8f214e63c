#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/time/clock.hpp"
#include "core/time/prng.hpp"
#include "core/time/signal.hpp"
#include "fakes/kube/custom_types.hpp"
#include "fakes/kube/types.hpp"

namespace meshproof::fakes::kube {

using Json = nlohmann::json;
using Object = std::shared_ptr<const Json>;

/// etcd and the watch cache: objects by kind, namespace and name, one counter for all resource
/// versions, recent changes. A type that is kept as another gives and takes its own form; events
/// carry the kept one.
class Store {
  public:
    enum class Change { added, modified, deleted };
    struct Event {
        std::uint64_t version;
        Change change;
        const ResourceType* type;
        Object before;           ///< null for `added`
        Object object;           ///< of `deleted`: as it was, with the deletion's version
        std::size_t weight = 0;  ///< of `object`
    };

    /// Changes are kept for as long as they weigh no more than `history` together.
    Store(Prng prng, const Clock& clock, std::size_t history)
        : prng_(std::move(prng)), clock_(clock), history_(history) {}

    /// The same objects and changes, to go on from by itself, on another thread too, at a date of
    /// its own. It shares nothing that changes but the custom types, which nobody may change as
    /// long as it is used.
    [[nodiscard]] std::shared_ptr<Store> copy(const Clock& clock) const;
    /// Becomes what a copy has become. No object may have changed here since that was made.
    void adopt(Store&& copy);
    /// Goes on with a copy's chance: nothing that was drawn there is drawn here again.
    void take_chance(Store& copy);

    [[nodiscard]] Object find(const ResourceType& type, const std::string& namespace_name,
                              const std::string& name) const;
    /// In order of namespace and name; namespace "" = all.
    [[nodiscard]] std::vector<Object> list(const ResourceType& type,
                                           const std::string& namespace_name = {}) const;
    /// As it was at `version`, which is not before oldest_version().
    [[nodiscard]] std::vector<Object> list_at(const ResourceType& type,
                                              const std::string& namespace_name,
                                              std::uint64_t version) const;
    /// Those of a namespace that name this uid among their owners, in order of their names.
    [[nodiscard]] std::vector<Object> owned_by(const ResourceType& type,
                                               const std::string& namespace_name,
                                               const std::string& uid) const;
    [[nodiscard]] bool owns(const std::string& uid) const { return dependents_.contains(uid); }
    /// What one object takes in memory, and all of a type, estimated (weight_of); 0 = not there.
    [[nodiscard]] std::size_t weight(const ResourceType& type, const std::string& namespace_name,
                                     const std::string& name) const;
    [[nodiscard]] std::size_t weight(const ResourceType& type) const;
    [[nodiscard]] std::size_t weight() const { return weight_; }  ///< of all together
    /// `object` has its metadata.name (and namespace); gets kind, apiVersion, uid,
    /// creationTimestamp, resourceVersion.
    Object add(const ResourceType& type, Json object);
    /// What add() would make of it, without keeping it.
    [[nodiscard]] Json complete(const ResourceType& type, Json object);
    /// Gives a new resourceVersion, unless nothing else changed.
    Object replace(const ResourceType& type, Json object);
    Object remove(const ResourceType& type, const std::string& namespace_name,
                  const std::string& name);
    /// The same, and its last state is `last`.
    Object remove(const ResourceType& type, Json last);

    /// Puts back an object as it was saved.
    void restore(const ResourceType& type, Json object);
    /// The counter goes on from here, and what was before can no longer be watched.
    void go_on_from(std::uint64_t version) { version_ = forgotten_ = version; }

    [[nodiscard]] std::uint64_t version() const { return version_; }
    /// Changes after `version`, oldest first, as far as they are still kept.
    [[nodiscard]] const std::deque<Event>& events() const { return events_; }
    [[nodiscard]] std::uint64_t oldest_version() const {
        return forgotten_;
    }  ///< watches from before this fail
    [[nodiscard]] Signal& changed() { return changed_; }
    [[nodiscard]] CustomTypes& custom() { return *custom_; }
    [[nodiscard]] const CustomTypes& custom() const { return *custom_; }
    [[nodiscard]] std::string uuid();
    [[nodiscard]] Prng& prng() { return prng_; }

  private:
    using Name = std::pair<std::string, std::string>;  ///< namespace, name
    struct Kept {
        Object object;
        std::size_t weight = 0;
    };
    struct Shelf {
        std::map<Name, Kept> objects;
        std::size_t weight = 0;
    };
    using Dependents = std::map<const ResourceType*, std::set<Name>>;

    [[nodiscard]] const Kept* found(const ResourceType& type, const std::string& namespace_name,
                                    const std::string& name) const;
    /// Keeps `object` in the place of what is there; gives the new one.
    const Kept& put(const ResourceType& type, const Name& name, Json object);
    /// Whose owners' uids are looked for, or no more.
    void note_owners(const ResourceType& type, const Name& name, const Json& object, bool there);
    void note(Change change, const ResourceType& type, Object before, Kept now);

    Prng prng_;
    std::optional<Prng> began_;  ///< of a copy: the chance that it was made with
    const Clock& clock_;
    std::shared_ptr<CustomTypes> custom_ = std::make_shared<CustomTypes>();
    std::map<const ResourceType*, Shelf> objects_;
    std::size_t weight_ = 0;
    std::map<std::string, Dependents, std::less<>> dependents_;  ///< by their owners' uids
    std::deque<Event> events_;
    std::size_t events_weight_ = 0, history_;
    std::uint64_t version_ = 1;
    std::uint64_t forgotten_ = 0;
    Signal changed_;
};

[[nodiscard]] std::string fresh_uuid(Prng& prng);

/// What a value takes in memory, estimated: what looking at it costs grows with it, too.
[[nodiscard]] std::size_t weight_of(const Json& value);

/// A kept object as `type` shows it; null for null.
[[nodiscard]] Object shown_as(const ResourceType& type, Object kept);

/// `object.metadata.KEY`, "" where absent.
[[nodiscard]] std::string meta(const Json& object, const char* key);
/// A string at a JSON pointer, "" where absent or no string.
[[nodiscard]] std::string text_at(const Json& object, const char* pointer);
/// A whole number at a JSON pointer, `otherwise` where absent.
[[nodiscard]] std::int64_t count_at(const Json& object, const char* pointer,
                                    std::int64_t otherwise = 0);

}  // namespace meshproof::fakes::kube
