#include <algorithm>

#include "conformance/mutation/edit.hpp"
#include "core/base/text.hpp"

namespace meshproof::conformance::mutation {
namespace {

using Json = OrderedJson;
using Pointer = Json::json_pointer;
using Text = std::optional<std::string>;

constexpr std::size_t shown_value = 120;
constexpr std::size_t most_elements = 3;

std::string dumped(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parsed(std::string_view text) {
    return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

/// The text with its document changed; what follows the document (a newline) stays.
Text with_document(const std::string& text, const std::function<bool(Json&)>& change) {
    auto document = parsed(text);
    if (document.is_discarded() || !change(document)) {
        return std::nullopt;
    }
    return dumped(document) + (text.ends_with('\n') ? "\n" : "");
}

/// Collects the edits of one document.
class Finder {
  public:
    explicit Finder(const Hints& hints) : hints_(hints) {}
    std::vector<Edit> edits;

    void walk(const Json& value, const std::string& path) {
        own(value, path);
        if (value.is_object()) {
            if (path.empty() && value.contains("warnings")) {
                add(Edit::Kind::added, "/warnings", "one added", value["warnings"], warn);
            }
            add_member(value, path, "meshproof", "a member added");
            for (const auto& name : hints_.members) {
                if (!value.contains(name)) {
                    add_member(value, path, name, name + " added");
                }
            }
            for (const auto& [key, member] : value.items()) {
                const auto deeper = (Pointer(path) / key).to_string();
                add_erase(deeper, member);
                walk(member, deeper);
            }
        } else if (value.is_array()) {
            array(value, path);
        }
    }

  private:
    /// A Vault's envelope has `warnings`, null or a list.
    static bool warn(Json& warnings) {
        if (!warnings.is_array()) {
            warnings = Json::array();
        }
        warnings.push_back("other");
        return true;
    }

    void add(Edit::Kind kind, const std::string& path, std::string what, const Json& value,
             std::function<bool(Json&)> change) {
        Edit edit{.kind = kind, .path = path, .what = std::move(what)};
        edit.value = value.is_string() ? value.get<std::string>() : dumped(value);
        edit.value.resize(std::min(edit.value.size(), shown_value));
        edit.hash = hash_of(nlohmann::json::parse(dumped(value)));
        edit.apply = [path, change = std::move(change)](const std::string& text, const Keys&) {
            return with_document(text, [&](Json& document) {
                const Pointer pointer(path);
                return document.contains(pointer) && change(document.at(pointer));
            });
        };
        edits.push_back(std::move(edit));
    }

    void add_member(const Json& value, const std::string& path, const std::string& name,
                    std::string what) {
        add(Edit::Kind::added, path, std::move(what), value, [name](Json& place) {
            place[name] = "other";
            return place.is_object();
        });
    }

    /// The member or element at `path`, taken out.
    void add_erase(const std::string& path, const Json& value) {
        Edit edit{.kind = Edit::Kind::removed, .path = path, .what = "removed"};
        edit.value = value.is_string() ? value.get<std::string>() : dumped(value);
        edit.value.resize(std::min(edit.value.size(), shown_value));
        edit.hash = hash_of(nlohmann::json::parse(dumped(value)));
        edit.apply = [path](const std::string& text, const Keys&) {
            return with_document(text, [&](Json& document) {
                const Pointer pointer(path);
                if (!document.contains(pointer)) {
                    return false;
                }
                auto& parent = document.at(pointer.parent_pointer());
                if (parent.is_object()) {
                    parent.erase(pointer.back());
                } else {
                    parent.erase(std::stoul(pointer.back()));
                }
                return true;
            });
        };
        edits.push_back(std::move(edit));
    }

    void set(Edit::Kind kind, const std::string& path, std::string what, const Json& value,
             Json to) {
        if (value != to) {
            add(kind, path, std::move(what), value, [to = std::move(to)](Json& place) {
                place = to;
                return true;
            });
        }
    }

    /// Of the value itself, whatever is in it.
    void own(const Json& value, const std::string& path) {
        set(Edit::Kind::retyped, path, "made null", value, nullptr);
        if (value.is_structured()) {
            set(Edit::Kind::emptied, path, "emptied", value,
                value.is_array() ? Json::array() : Json::object());
            set(Edit::Kind::retyped, path, "made a text", value, "other");
        } else if (value.is_boolean()) {
            set(Edit::Kind::changed, path, "flipped", value, !value.get<bool>());
            set(Edit::Kind::retyped, path, "made a text", value, dumped(value));
        } else if (value.is_number()) {
            number(value, path);
        } else if (value.is_null()) {
            set(Edit::Kind::retyped, path, "made a text", value, "other");
            set(Edit::Kind::retyped, path, "made an object", value, Json::object());
        } else if (value.is_string()) {
            string(value, path);
        }
    }

    void number(const Json& value, const std::string& path) {
        const auto more = [&](const char* what, std::int64_t by) {
            add(Edit::Kind::changed, path, what, value, [by](Json& place) {
                if (!place.is_number()) {
                    return false;
                }
                place = place.is_number_float()
                            ? Json(place.get<double>() + static_cast<double>(by))
                            : Json(place.get<std::int64_t>() + by);
                return true;
            });
        };
        more("one more", 1);
        more("one less", -1);
        more("a million more", 1'000'000);
        set(Edit::Kind::emptied, path, "made zero", value, 0);
        set(Edit::Kind::retyped, path, "made a text", value, dumped(value));
    }

    void string(const Json& value, const std::string& path) {
        set(Edit::Kind::retyped, path, "made a number", value, 7);
        for (const auto& text : hints_.texts) {
            set(Edit::Kind::changed, path, fmt::format("made \"{}\"", text), value, text);
        }
        const auto whole = hash_of(nlohmann::json(value.get<std::string>()));
        for (auto& inner : text_edits(value.get<std::string>(), hints_)) {
            auto what = inner.name();
            auto edit = std::move(inner);
            edit.path = path;
            edit.what = std::move(what);
            edit.hash = edit.hash == 0 ? whole : edit.hash;
            edit.apply = [path, apply = std::move(edit.apply)](const std::string& text,
                                                               const Keys& keys) {
                return with_document(text, [&](Json& document) {
                    const Pointer pointer(path);
                    if (!document.contains(pointer) || !document.at(pointer).is_string()) {
                        return false;
                    }
                    auto made = apply(document.at(pointer).get<std::string>(), keys);
                    if (made) {
                        document.at(pointer) = std::move(*made);
                    }
                    return made.has_value();
                });
            };
            edits.push_back(std::move(edit));
        }
    }

    void array(const Json& value, const std::string& path) {
        const auto change = [&](Edit::Kind kind, const char* what, void (*how)(Json&)) {
            add(kind, path, what, value, [how](Json& place) {
                if (!place.is_array()) {
                    return false;
                }
                how(place);
                return true;
            });
        };
        change(Edit::Kind::added, "a text added", [](Json& place) { place.push_back("other"); });
        if (value.empty()) {
            return;
        }
        change(Edit::Kind::added, "its last element twice",
               [](Json& place) { place.push_back(Json(place.back())); });
        if (value.size() > 1) {
            change(Edit::Kind::removed, "without its last element",
                   [](Json& place) { place.erase(place.size() - 1); });
            change(Edit::Kind::removed, "without its first element",
                   [](Json& place) { place.erase(0); });
            change(Edit::Kind::reordered, "reversed",
                   [](Json& place) { std::reverse(place.begin(), place.end()); });
        }
        // Of a long list the first elements, and the last.
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (i < most_elements || i + 1 == value.size()) {
                walk(value[i], fmt::format("{}/{}", path, i));
            }
        }
    }

    const Hints& hints_;
};

/// Several documents, a line each: the lines that hold one.
std::vector<std::size_t> document_lines(const std::vector<std::string>& lines) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!lines[i].empty()) {
            if (!parsed(lines[i]).is_object()) {
                return {};
            }
            found.push_back(i);
        }
    }
    return found;
}

Edit line_edit(Edit::Kind kind, std::string path, std::string what,
               std::function<bool(std::vector<std::string>&)> change) {
    return {.kind = kind,
            .path = std::move(path),
            .what = std::move(what),
            .apply = [change = std::move(change)](const std::string& text, const Keys&) -> Text {
                auto lines = split(text, '\n');
                return change(lines) ? Text(join(lines, "\n")) : std::nullopt;
            }};
}

std::vector<Edit> lines_edits(const std::vector<std::string>& lines,
                              const std::vector<std::size_t>& documents, const Hints& hints) {
    std::vector<Edit> edits;
    for (const auto i : documents) {
        const auto name = fmt::format("line {}", i);
        edits.push_back(line_edit(Edit::Kind::removed, name, "dropped", [i](auto& now) {
            if (i >= now.size()) {
                return false;
            }
            now.erase(now.begin() + static_cast<std::ptrdiff_t>(i));
            return true;
        }));
        edits.push_back(line_edit(Edit::Kind::added, name, "twice", [i](auto& now) {
            if (i >= now.size()) {
                return false;
            }
            now.insert(now.begin() + static_cast<std::ptrdiff_t>(i), std::string(now[i]));
            return true;
        }));
        if (i > 0) {
            edits.push_back(
                line_edit(Edit::Kind::reordered, name, "before the one before", [i](auto& now) {
                    if (i >= now.size()) {
                        return false;
                    }
                    std::swap(now[i], now[i - 1]);
                    return true;
                }));
        }
        for (auto& inner : json_edits(lines[i], hints)) {
            auto edit = std::move(inner);
            edit.path = fmt::format("{} {}", name, edit.path);
            edit.apply = [i, apply = std::move(edit.apply)](const std::string& text,
                                                            const Keys& keys) -> Text {
                auto now = split(text, '\n');
                auto made = i < now.size() ? apply(now[i], keys) : std::nullopt;
                if (!made) {
                    return std::nullopt;
                }
                now[i] = std::move(*made);
                return join(now, "\n");
            };
            edits.push_back(std::move(edit));
        }
    }
    return edits;
}

}  // namespace

std::size_t hash_of(const nlohmann::json& value) {
    return std::hash<nlohmann::json>{}(value) | 1U;
}

std::vector<Edit> json_edits(const std::string& text, const Hints& hints) {
    const auto document = parsed(text);
    if (!document.is_discarded()) {
        Finder finder(hints);
        finder.walk(document, "");
        return std::move(finder.edits);
    }
    const auto lines = split(text, '\n');
    const auto documents = document_lines(lines);
    return documents.size() > 1 ? lines_edits(lines, documents, hints) : std::vector<Edit>();
}

std::vector<Edit> body_edits(const std::string& body, const Hints& hints) {
    auto edits = json_edits(body, hints);
    if (edits.empty()) {
        edits = signed_edits(body);
    }
    return edits.empty() ? text_edits(body, hints) : edits;
}

}  // namespace meshproof::conformance::mutation
