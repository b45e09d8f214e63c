#pragma once

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fakes/kube/schema.hpp"
#include "fakes/kube/types.hpp"

/// The kinds that CustomResourceDefinitions add to the API server's own.
namespace meshproof::fakes::kube {

/// One version of a custom resource.
struct CustomVersion {
    std::string name;                     ///< "v1beta1"
    std::string list_kind;                ///< "WidgetList"
    Json schema;                          ///< its openAPIV3Schema, without what it says of metadata
    Json columns;                         ///< its additionalPrinterColumns
    Json categories;                      ///< "all", for discovery
    bool served = false;                  ///< else it is only kept
    bool has_status = false;              ///< with the status subresource
    ResourceType type;                    ///< what requests for it find
    const ObjectType* fields = nullptr;   ///< what apply and managed fields follow
    std::deque<ObjectType> object_types;  ///< where they are
};

/// What one definition has made.
struct CustomResource {
    std::string definition;  ///< "widgets.example.com"
    std::string group, plural, singular, kind, short_names;
    ResourceType kept;  ///< of the stored version; its address is what objects are kept under
    std::vector<std::unique_ptr<CustomVersion>> versions;
};

/// All of them. A type stays where it is as long as this does, also after its definition's end:
/// watches and kept events still name it.
class CustomTypes {
  public:
    /// Begins to serve what the definition says, or goes on with what it says now.
    void serve(const Json& definition);
    void withdraw(const std::string& definition);

    [[nodiscard]] const ResourceType* find(std::string_view group, std::string_view version,
                                           std::string_view plural) const;
    /// One a served version; those of a group together, the preferred version first.
    [[nodiscard]] std::vector<const ResourceType*> served() const;
    /// One a resource.
    [[nodiscard]] std::vector<const ResourceType*> kept() const;
    /// Null where the definition is not served.
    [[nodiscard]] const ResourceType* kept(const std::string& definition) const;

  private:
    std::vector<std::unique_ptr<CustomResource>> live_, gone_;
    std::vector<std::unique_ptr<CustomVersion>> gone_versions_;
};

/// The API's own and the custom ones that requests can be for.
[[nodiscard]] std::vector<const ResourceType*> served_types(const CustomTypes& custom);
/// Those that objects are kept under.
[[nodiscard]] std::vector<const ResourceType*> kept_types(const CustomTypes& custom);
[[nodiscard]] const ResourceType* find_type(const CustomTypes& custom, std::string_view group,
                                            std::string_view version, std::string_view plural);

/// The fields of a type's objects.
[[nodiscard]] const ObjectType& object_type(const ResourceType& type);
/// conform() for an object of that type: a custom resource's schema drops what it does not know.
[[nodiscard]] tl::expected<std::vector<std::string>, Mismatch> conform(
    Json& object, const ResourceType& type, const std::vector<std::string>& order = {});
/// The object as `to` has it; `from` is kept as the same.
[[nodiscard]] Json converted(Json object, const ResourceType& from, const ResourceType& to);

}  // namespace meshproof::fakes::kube
