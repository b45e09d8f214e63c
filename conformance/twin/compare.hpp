#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/twin/description.hpp"
#include "core/http/message.hpp"

namespace meshproof::twin {

/// One thing in which two answers to the same request differ, beside chance.
struct Difference {
    std::string key;         ///< of the operation
    std::string aspect;      ///< "status", "header", "body", "answer" (one of them gave none)
    std::string member;      ///< "data.issuers[].ttl", the header's name; "" = all of it
    std::string real, fake;  ///< as they were; secrets are not taken out yet
    /// One did what the other refused: from here on the two are not in the same state.
    bool parted = false;
    /// Of refusals, what they are about: one operation can refuse for many reasons.
    std::string gist{};

    /// What makes two of them the same finding.
    [[nodiscard]] std::string signature() const {
        return key + " " + aspect + " " + member + " " + gist;
    }
};

/// Compares the answers of one story. What is chance (ids, accessors, serial numbers, tokens,
/// signatures, times by a second or two) agrees where both have it in the same form, and where the
/// same thing is called the same again: a name that stood for one thing of the real server stands
/// for one of the fake. Certificates, requests, CRLs and keys are compared field by field.
class Comparison {
  public:
    /// `own` is the mark that names of the story carry: lists of what is everybody's are read for
    /// these names alone.
    explicit Comparison(std::string own) : own_(std::move(own)) {}

    [[nodiscard]] std::vector<Difference> compare(const std::string& key, bool shared,
                                                  const http::Response& real,
                                                  const http::Response& fake);

  private:
    /// The difference, to be told more of; a member that differs several times is told once, and
    /// gives null then.
    Difference* note(std::string aspect, std::string member, std::string real, std::string fake);
    void compare_headers(const http::Response& real, const http::Response& fake);
    void compare_bodies(bool shared, const http::Response& one, const http::Response& other);
    void compare_values(const std::string& member, const Json& real, const Json& fake);
    void compare_objects(const std::string& member, const Json& real, const Json& fake);
    void compare_lists(const std::string& member, const Json& real, const Json& fake);
    void compare_numbers(const std::string& member, const Json& real, const Json& fake);
    void compare_texts(const std::string& member, const std::string& real, const std::string& fake);
    /// Whether the two may stand for the same thing; remembers it where they may.
    bool bind(const std::string& real, const std::string& fake);
    [[nodiscard]] bool known(const std::string& real, const std::string& fake) const;
    /// Leaves out of lists and tables what is not the story's.
    void keep_own(Json& value) const;
    void keep_own_items(Json& items) const;
    void keep_own_entries(Json& value, bool all) const;
    /// Vault has no list where nothing is: 404.
    [[nodiscard]] bool lists_nothing_own(const http::Response& response) const;
    [[nodiscard]] bool only_names(const Json& list) const;
    /// Whether a cluster made the name of `generateName: @{own:g}`.
    [[nodiscard]] bool generated(const std::string& name) const;
    [[nodiscard]] bool ours(const std::string& text) const;
    [[nodiscard]] std::string plain(std::string text, bool real) const;

    std::string own_;
    std::string key_;
    std::map<std::string, std::string> fake_of_, real_of_;
    std::vector<Difference> found_;
};

}  // namespace meshproof::twin
