#include "fakes/kube/negotiation.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>
#include <vector>

#include "core/base/text.hpp"
#include "fakes/kube/api_state.hpp"
#include "fakes/kube/protobuf.hpp"

namespace meshproof::fakes::kube {
namespace {

/// One range of an Accept header.
struct MediaRange {
    std::string media;
    std::map<std::string, std::string, std::less<>> params;
    std::size_t place = 0;

    [[nodiscard]] std::string param(std::string_view name) const {
        const auto found = params.find(name);
        return found == params.end() ? std::string() : found->second;
    }
    [[nodiscard]] double quality() const {
        const auto q = param("q");
        return q.empty() ? 1 : std::strtod(q.c_str(), nullptr);
    }
    /// The more it leaves open, the later it is looked at.
    [[nodiscard]] int openness() const {
        return media == "*/*" ? 2 : media.ends_with("/*") ? 1 : 0;
    }
};

std::vector<MediaRange> ranges_accepted(const http::Request& request) {
    auto accept = request.headers.find("Accept").value_or("");
    if (accept.empty()) {
        accept = "*/*";
    }
    std::vector<MediaRange> ranges;
    for (const auto& text : split(accept, ',')) {
        const auto parts = split(text, ';');
        MediaRange range{std::string(trim(parts.front())), {}, ranges.size()};
        for (const auto& part : std::span(parts).subspan(1)) {
            if (const auto sign = part.find('='); sign != std::string::npos) {
                range.params.emplace(trim(part.substr(0, sign)), trim(part.substr(sign + 1)));
            }
        }
        ranges.push_back(std::move(range));
    }
    // As bitbucket.org/ww/goautoneg: what is liked best, then what is named most exactly.
    std::ranges::sort(ranges, {}, [](const MediaRange& range) {
        return std::tuple(-range.quality(), range.openness(), range.place);
    });
    return ranges;
}

// The first form that the range stands for.
std::optional<Form> form_of(const MediaRange& range) {
    if (range.openness() > 0) {
        return range.media == "*/*" || range.media == "application/*" ? std::optional(Form::json)
                                                                      : std::nullopt;
    }
    const auto* known = std::ranges::find(api_media, range.media);
    return known == std::end(api_media) ? std::nullopt
                                        : std::optional(static_cast<Form>(known - api_media));
}

std::optional<Shape> shape_of(const MediaRange& range) {
    static const std::map<std::string, Shape, std::less<>> shapes{
        {"Table", Shape::table},
        {"PartialObjectMetadata", Shape::metadata},
        {"PartialObjectMetadataList", Shape::metadata_list}};
    const auto as = range.param("as");
    if (as.empty()) {
        return Shape::object;
    }
    const auto known = shapes.find(as);
    const bool there =
        known != shapes.end() && range.param("v") == "v1" && range.param("g") == "meta.k8s.io";
    return there ? std::optional(known->second) : std::nullopt;
}

bool can_stream(const MediaRange& range, Form form) {
    const auto stream = range.param("stream");
    return stream.empty() || (stream == "watch" && form != Form::yaml);
}

http::Response only_accepted(std::string_view media) {
    return refusal(406, "NotAcceptable",
                   fmt::format("only the following media types are accepted: {}", media));
}

}  // namespace

bool takes_any(const http::Request& request, std::span<const std::string_view> media) {
    return std::ranges::any_of(ranges_accepted(request), [&](const MediaRange& range) {
        return range.media == "*/*" || std::ranges::find(media, range.media) != media.end();
    });
}

std::optional<Representation> representation_asked(const http::Request& request, bool binary) {
    for (const auto& range : ranges_accepted(request)) {
        const auto form = form_of(range);
        const auto shape = shape_of(range);
        // Tables are never protobuf, metadata always can be.
        const bool unfit = form == Form::protobuf &&
                           (shape == Shape::table || (shape == Shape::object && !binary));
        if (form && shape && !unfit && can_stream(range, *form)) {
            return Representation{*form, *shape};
        }
    }
    return std::nullopt;
}

Form form_of_refusal(const http::Request& request) {
    for (const auto& range : ranges_accepted(request)) {
        const auto form = form_of(range);
        if (form && range.param("as").empty() && can_stream(range, *form)) {
            return *form;
        }
    }
    return Form::json;
}

Checked<> check_shape(const ApiCall& call) {
    const bool binary = has_protobuf(call.type->kind, call.type->api_version());
    const auto asked = representation_asked(call.request, binary);
    if (!asked || (asked->shape == Shape::table && !call.type->stored)) {
        return refuse(no_such_shape());
    }
    return {};
}

bool wants_table(const http::Request& request) {
    const auto asked = representation_asked(request);
    return asked && asked->shape == Shape::table;
}

http::Response not_acceptable(std::string_view media) {
    return refusal(406, "NotAcceptable",
                   fmt::format("406: Not Acceptable\n\nAvailable representations: {}", media),
                   Json::object());
}

http::Response no_such_shape() {
    return only_accepted(fmt::format("{}", fmt::join(api_media, ", ")));
}

http::Response no_such_stream() {
    return only_accepted(
        "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch");
}

}  // namespace meshproof::fakes::kube
