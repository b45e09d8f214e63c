#pragma once

#include <memory>
#include <vector>

#include "conformance/mutation/edit.hpp"
#include "core/http/transport.hpp"
#include "core/time/clock.hpp"

namespace meshproof::conformance::mutation {

/// One thing that is changed in one answer on its way to the probe, or in one request that a server
/// sends to a stand-in of the probe's.
struct Change {
    enum class Part {
        status,
        header,
        body,
        whole,  ///< another answer instead of it
        time,   ///< it comes late
        call,   ///< a request to a stand-in
    };
    std::size_t exchange = 0;  ///< the answer's number among those of the check; of a call, the
                               ///< number of the exchange during which it comes
    std::size_t piece = 0;     ///< of an answer that comes in pieces (a watch); a call's own number
    Part part = Part::body;
    std::string header{};                  ///< its name, where the part is one
    std::optional<std::size_t> instead{};  ///< whose answer it is
    bool from_here = false;                ///< all later answers to the same request, too
    Edit edit{};

    /// "3 /data/ttl one more": what a play is asked for by.
    [[nodiscard]] std::string name() const;
    /// The same without the answer's number.
    [[nodiscard]] std::string what() const;
    /// Of status, header and body. False, and nothing changed, where the answer has not the shape
    /// in which it was found.
    [[nodiscard]] bool apply(http::Response& answer, const Keys& keys) const;
};

/// An answer as it was seen.
struct Seen {
    std::string method, target;
    std::string sent{};  ///< the request's body
    http::Response answer{};
    std::vector<std::string> pieces{};  ///< where it came in pieces; the body is "" then
    bool set_up = false;                ///< to a set-up step, whose refusal blocks the check

    [[nodiscard]] bool same_request(const Seen& other) const {
        return method == other.method && target == other.target;
    }
};

/// A request that a server sent to a stand-in.
struct Call {
    std::size_t exchange = 0;  ///< during which it came
    http::Request request;
};

/// Every change of an answer: its status, its headers, its body, its time. `members` as in
/// json_edits().
[[nodiscard]] std::vector<Change> changes_of(const Seen& seen, std::size_t exchange,
                                             const Hints& hints = {});
/// An earlier answer instead of this one, or what was sent before told in it.
[[nodiscard]] std::vector<Change> repeats_of(const std::vector<Seen>& seen, std::size_t exchange);
/// Of the requests to stand-ins: changed, missing, or too many. `exchanges`: how many there were.
[[nodiscard]] std::vector<Change> call_changes(const std::vector<Call>& calls,
                                               std::size_t exchanges);

/// Stands before the wire, notes what is answered, and makes one change.
class MutatingTransport final : public http::Transport {
  public:
    /// `change` may be null; it, `wire` and `clock` outlive this.
    MutatingTransport(http::Transport& wire, Clock& clock, const Change* change, Keys keys);

    [[nodiscard]] Task<Result<http::Response>> send(http::Endpoint endpoint,
                                                    http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint endpoint,
                                                                   http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Listener>>> listen(
        http::ListenSpec spec, http::Handler& handler) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url upstream,
                                                                      std::string name) override {
        return wire_.open_link(std::move(upstream), std::move(name));
    }
    void drop_idle() override { wire_.drop_idle(); }

    [[nodiscard]] std::vector<Seen>& seen();
    [[nodiscard]] const std::vector<Call>& calls() const;
    [[nodiscard]] std::size_t answered() const;  ///< so far
    [[nodiscard]] bool applied() const;
    [[nodiscard]] bool stood_in() const;  ///< something was served

    struct State;  ///< shared with streams and stand-ins, which may outlive it

  private:
    [[nodiscard]] Task<void> change(http::Response& answer, std::size_t exchange);

    http::Transport& wire_;
    Clock& clock_;
    std::shared_ptr<State> state_;
};

}  // namespace meshproof::conformance::mutation
