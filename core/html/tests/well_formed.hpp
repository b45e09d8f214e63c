#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Judges pages by the rules of XML that a page keeps too; a whole parser judges them in
/// cli/tests/report_files.py.
namespace meshproof::html {

/// Reads a page from its first byte to its last.
class PageReader {
  public:
    explicit PageReader(std::string_view page) : page_(page) {}

    /// What is wrong first, with where; "" where every element is closed in order, attributes are
    /// quoted, ids are there once, links lead to one, and texts hold no bare "&" and no controls.
    [[nodiscard]] std::string offence() {
        constexpr std::string_view begin = "<!DOCTYPE html>\n";
        if (!page_.starts_with(begin)) {
            return "no document type";
        }
        at_ = begin.size();
        while (problem_.empty() && at_ < page_.size()) {
            if (page_[at_] != '<') {
                text(page_.substr(at_, page_.find('<', at_) - at_));
            } else if (page_.substr(at_).starts_with("</")) {
                end_tag();
            } else {
                start_tag();
            }
        }
        if (!open_.empty()) {
            wrong(open_.back() + " is not closed");
        }
        for (const auto& id : links_) {
            if (!ids_.contains(id)) {
                wrong("nothing has the id " + id);
            }
        }
        return problem_;
    }

  private:
    void wrong(const std::string& what) {
        if (problem_.empty()) {
            problem_ = fmt::format("{} before byte {}: {}", what, at_,
                                   page_.substr(at_ > 60 ? at_ - 60 : 0, 120));
        }
    }

    void text(std::string_view text) {
        constexpr std::array<std::string_view, 5> entities = {"&amp;", "&lt;", "&gt;", "&quot;",
                                                              "&#39;"};
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto c = static_cast<unsigned char>(text[i]);
            if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
                wrong("a control character");
            }
            if (c == '&' && std::ranges::none_of(entities, [&](std::string_view entity) {
                    return text.substr(i).starts_with(entity);
                })) {
                wrong("a bare &");
            }
        }
        at_ += text.size();
    }

    void end_tag() {
        const auto end = page_.find('>', at_);
        const std::string name(page_.substr(at_ + 2, end - at_ - 2));
        if (end == std::string_view::npos || open_.empty() || open_.back() != name) {
            return wrong(fmt::format("{} ends and {} is open", name,
                                     open_.empty() ? "nothing" : open_.back()));
        }
        open_.pop_back();
        at_ = end + 1;
    }

    void start_tag() {
        const auto name_end = page_.find_first_of(" />", at_);
        const std::string name(page_.substr(at_ + 1, name_end - at_ - 1));
        at_ = name_end;
        while (problem_.empty() && at_ < page_.size() && page_[at_] == ' ') {
            attribute();
        }
        if (page_.substr(at_).starts_with("/>")) {
            at_ += 2;
        } else if (page_.substr(at_).starts_with(">")) {
            at_ += 1;
            open_.push_back(name);
        } else {
            wrong(name + " is no tag");
        }
    }

    void attribute() {
        const auto equals = page_.find("=\"", at_);
        const auto end = equals == std::string_view::npos ? equals : page_.find('"', equals + 2);
        if (end == std::string_view::npos) {
            return wrong("an attribute without a value");
        }
        const auto name = page_.substr(at_ + 1, equals - at_ - 1);
        const std::string value(page_.substr(equals + 2, end - equals - 2));
        if (value.find('<') != std::string::npos || name.find_first_of(" <>/") != name.npos) {
            return wrong("an attribute with markup");
        }
        at_ = equals + 2;
        text(page_.substr(at_, value.size()));
        at_ = end + 1;
        if (name == "id" && !ids_.insert(value).second) {
            wrong("the id " + value + " is there twice");
        } else if (name == "href") {
            links_.insert(value.starts_with("#") ? value.substr(1) : "outside: " + value);
        } else if (name == "src" || name.starts_with("on")) {
            wrong("the attribute " + std::string(name));
        }
    }

    std::string_view page_;
    std::size_t at_ = 0;
    std::string problem_;
    std::vector<std::string> open_;
    std::set<std::string> ids_, links_;
};

[[nodiscard]] inline std::string page_offence(std::string_view page) {
    return PageReader(page).offence();
}

}  // namespace meshproof::html
