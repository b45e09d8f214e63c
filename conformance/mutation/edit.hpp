#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/key.hpp"

/// Changes of one thing in a text. They are found in one text and made in another of the same
/// shape: the keys, serial numbers and tokens of a later play are others.
namespace meshproof::conformance::mutation {

/// What a change may know of the play in which it is made. Every key with which the servers at hand
/// sign: what is changed inside a signature is signed anew by the key that signed it, where that is
/// one of these.
class Keys {
  public:
    using Function = std::function<std::vector<crypto::Key>()>;
    Keys() = default;
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Keys> &&
                 std::constructible_from<Function, F>)
    Keys(F keys) : keys_(std::move(keys)) {}  // NOLINT(google-explicit-constructor): as a function

    explicit operator bool() const { return keys_ != nullptr; }
    std::vector<crypto::Key> operator()() const { return keys_(); }

    /// Of the certificate that was last answered; empty where none was.
    Bytes last_serial;
    /// The requests' bodies, by the number of the exchange.
    std::vector<std::string> sent;

  private:
    Function keys_;
};
/// Members keep their order.
using OrderedJson = nlohmann::ordered_json;

struct Edit {
    enum class Kind {
        emptied,
        removed,  ///< a member, an element, a header, an extension
        added,
        retyped,  ///< a value of another type
        changed,  ///< another value of the same type
        reordered,
        inside,  ///< of what is signed or encoded within a text
    };
    Kind kind = Kind::changed;
    std::string path{};    ///< "/data/ttl"; "" = the whole
    std::string what{};    ///< "one more"
    std::string value{};   ///< what was there, cut; for whoever looks for likely edits
    std::size_t hash = 0;  ///< of the whole value (hash_of), 0 where it is none of JSON's
    /// The changed text, or nothing where this text has not that shape.
    std::function<std::optional<std::string>(const std::string& text, const Keys& keys)> apply{};

    [[nodiscard]] std::string name() const { return path.empty() ? what : path + " " + what; }
};

/// What the source near an expectation names, and an answer lacks: what it expects not to be there.
struct Hints {
    std::vector<std::string> headers{}, members{}, texts{};
    [[nodiscard]] bool empty() const { return headers.empty() && members.empty() && texts.empty(); }
};

/// The same for equal values, however their members are ordered.
[[nodiscard]] std::size_t hash_of(const nlohmann::json& value);

/// Of a plain text: emptied, another word, a time a minute off, another case, and what is inside of
/// it (PEM blocks, JWTs, base64 of either).
[[nodiscard]] std::vector<Edit> text_edits(const std::string& text, const Hints& hints = {});
/// Of one JSON document, or of several, a line each (a watch); none where it is neither.
[[nodiscard]] std::vector<Edit> json_edits(const std::string& text, const Hints& hints = {});
/// Of PEM blocks: of each, of their order and number.
[[nodiscard]] std::vector<Edit> pem_edits(const std::string& text);
/// Of a compact JWT.
[[nodiscard]] std::vector<Edit> jwt_edits(const std::string& text, const Hints& hints = {});
/// Of a certificate, CRL, CSR or OCSP response in DER: one property each, signed anew.
[[nodiscard]] std::vector<Edit> signed_edits(const std::string& der);
/// Of an answer's body: the one of the above that fits.
[[nodiscard]] std::vector<Edit> body_edits(const std::string& body, const Hints& hints = {});

}  // namespace meshproof::conformance::mutation
