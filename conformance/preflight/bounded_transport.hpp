#pragma once

#include <string>

#include "core/http/transport.hpp"
#include "core/time/clock.hpp"

namespace meshproof::preflight {

/// How long all that is asked may take.
struct Bounds {
    Duration asking{};    ///< from the beginning; what is not answered by then is given up
    Duration all{};       ///< the same, with undoing what was made
    Duration each{};      ///< one exchange, so that one that hangs leaves time for the others
    std::string words{};  ///< what is said of that for which there was no time; no ": " in it
};

/// A wire on which nothing waits for ever. What there is no time for any more fails with
/// `cancelled` and the bounds' words, whether it was sent or not; what hangs before that, with
/// `timed_out`, as everywhere.
class BoundedTransport final : public http::Transport {
  public:
    /// The time begins now.
    BoundedTransport(Clock& clock, http::Transport& wire, Bounds bounds);

    /// From now on there is the time for undoing, too. No exchange takes more than half of what is
    /// left of it, so that one that hangs does not keep the next from being tried.
    void begin_undoing() { undoing_ = true; }
    /// Whether something was given up for want of time.
    [[nodiscard]] bool is_cut() const { return cut_; }
    [[nodiscard]] const std::string& words() const { return bounds_.words; }

    [[nodiscard]] Task<Result<http::Response>> send(http::Endpoint endpoint,
                                                    http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Stream>>> open(http::Endpoint endpoint,
                                                                   http::Request request) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Listener>>> listen(
        http::ListenSpec spec, http::Handler& handler) override;
    [[nodiscard]] Task<Result<std::unique_ptr<http::Link>>> open_link(http::Url upstream,
                                                                      std::string name) override;
    void drop_idle() override { wire_.drop_idle(); }

  private:
    [[nodiscard]] Duration left() const;
    /// Shortens the endpoint's limit to what there is time for. True where that is the end of all.
    [[nodiscard]] bool shorten(http::Endpoint& endpoint) const;
    [[nodiscard]] tl::unexpected<Failure> given_up();

    Clock& clock_;
    http::Transport& wire_;
    Bounds bounds_;
    Duration begun_;
    bool undoing_ = false, cut_ = false;
};

}  // namespace meshproof::preflight
