#include "fakes/kube/document.hpp"

#include <fmt/format.h>

#include <utility>

namespace meshproof::fakes::kube {
namespace {

/// Builds the value and follows the keys along: JSON objects here forget order and repeated keys.
/// nlohmann's own parser with a callback looks through what holds an object each time that one
/// ends: a list of a million of them takes hours.
class DocumentReader final : public nlohmann::json_sax<Json> {
  public:
    explicit DocumentReader(Document& document) : document_(document) {}

    [[nodiscard]] JsonFault fault() const { return fault_; }

    bool null() override { return put(nullptr); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return put(value); }
    bool number_unsigned(number_unsigned_t value) override { return put(value); }
    bool number_float(number_float_t value, const string_t& /*text*/) override {
        return put(value);
    }
    bool string(string_t& value) override { return put(std::move(value)); }
    bool binary(binary_t& /*value*/) override { return false; }  // JSON has none
    bool start_object(std::size_t /*unknown*/) override { return open(Json::object()); }
    bool start_array(std::size_t /*unknown*/) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        auto& frame = frames_.back();
        frame.key = std::move(name);
        if (frame.value->contains(frame.key)) {
            document_.repeated.push_back(fmt::format("duplicate field \"{}\"", place()));
        } else if (recorded_ < most_recorded) {
            document_.paths.push_back(place());
            recorded_ += document_.paths.back().size();
        }
        return true;
    }

    bool parse_error(std::size_t byte, const std::string& /*token*/,
                     const nlohmann::detail::exception& error) override {
        constexpr int out_of_range = 406;  // nlohmann's id
        fault_ = {byte, error.id == out_of_range};
        return false;
    }

  private:
    struct Frame {
        Json* value;
        std::string path;
        std::size_t index = 0;  ///< of the next element of a list
        std::string key;        ///< of the next member of an object
    };
    /// Bounds on what paths take: keys may be long, and nest a thousand levels.
    static constexpr std::size_t most_recorded = 4U << 20, longest_path = 1024;

    [[nodiscard]] std::string place() const {
        if (frames_.empty()) {
            return {};
        }
        const auto& frame = frames_.back();
        if (frame.path.size() > longest_path) {
            return frame.path;
        }
        if (frame.value->is_array()) {
            return fmt::format("{}[{}]", frame.path, frame.index);
        }
        return frame.path.empty() ? frame.key : frame.path + "." + frame.key;
    }

    Json* placed(Json value) {
        if (frames_.empty()) {
            document_.value = std::move(value);
            return &document_.value;
        }
        auto& frame = frames_.back();
        if (frame.value->is_array()) {
            ++frame.index;
            frame.value->push_back(std::move(value));
            return &frame.value->back();
        }
        auto& member = (*frame.value)[frame.key];  // the last one of that name counts
        member = std::move(value);
        return &member;
    }

    bool put(Json value) {
        (void)placed(std::move(value));
        return true;
    }

    bool open(Json empty) {
        auto path = place();
        auto* value = placed(std::move(empty));
        frames_.push_back({value, std::move(path), 0, {}});
        return true;
    }

    bool close() {
        frames_.pop_back();
        return true;
    }

    Document& document_;
    std::vector<Frame> frames_;
    std::size_t recorded_ = 0;
    JsonFault fault_;
};

}  // namespace

tl::expected<Document, JsonFault> read_document(std::string_view text) {
    Document document;
    DocumentReader reader(document);
    if (!Json::sax_parse(text, &reader)) {
        return tl::unexpected(reader.fault());
    }
    return document;
}

}  // namespace meshproof::fakes::kube
