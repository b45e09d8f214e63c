#pragma once

#include <memory>
#include <set>

namespace meshproof::http {

class OpenSet;

/// Something open (a connection, a port, a link) that somebody else may close. It is in its set as
/// long as it lives.
class Closable {
  public:
    explicit Closable(std::shared_ptr<OpenSet> set);
    Closable(const Closable&) = delete;
    Closable& operator=(const Closable&) = delete;
    virtual ~Closable();
    /// Ends it now; may be called again. Runs no coroutine.
    virtual void close() = 0;

  private:
    std::shared_ptr<OpenSet> set_;
};

/// All that is open on somebody's behalf. It owns nothing.
class OpenSet {
  public:
    /// Closes all members, and every later one as soon as it asks.
    void close_for_good() {
        closed_ = true;
        close_all();
    }
    void close_all() {
        const auto now_open = members_;  // closing one may destroy others
        for (auto* member : now_open) {
            if (members_.contains(member)) {
                member->close();
            }
        }
    }
    [[nodiscard]] bool closed() const { return closed_; }

  private:
    friend class Closable;
    std::set<Closable*> members_;
    bool closed_ = false;
};

inline Closable::Closable(std::shared_ptr<OpenSet> set) : set_(std::move(set)) {
    set_->members_.insert(this);
}
inline Closable::~Closable() {
    set_->members_.erase(this);
}

}  // namespace meshproof::http
