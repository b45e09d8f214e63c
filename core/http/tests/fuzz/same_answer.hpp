#pragma once

#include <string>
#include <utility>

#include "core/http/transport.hpp"

namespace meshproof::http {

/// A wire for fuzz targets: every request gets the same answer, every stream the same pieces.
class SameAnswer final : public Transport {
  public:
    SameAnswer(int status, std::string body) : status_(status), body_(std::move(body)) {}

    Task<Result<Response>> send(Endpoint, Request) override {
        Response response;
        response.status = status_;
        response.body = body_;
        co_return response;
    }
    Task<Result<std::unique_ptr<Stream>>> open(Endpoint, Request) override {
        std::unique_ptr<Stream> stream = std::make_unique<Pieces>(status_, body_);
        co_return stream;
    }
    Task<Result<std::unique_ptr<Listener>>> listen(ListenSpec, Handler&) override {
        co_return fail(FailureKind::unsupported, "nobody is served here");
    }
    Task<Result<std::unique_ptr<Link>>> open_link(Url, std::string) override {
        co_return fail(FailureKind::unsupported, "no links here");
    }
    void drop_idle() override {}

  private:
    class Pieces final : public Stream {
      public:
        Pieces(int status, std::string body) : body_(std::move(body)) { head_.status = status; }
        const Response& head() const override { return head_; }
        Task<Result<std::optional<std::string>>> next() override {
            constexpr std::size_t piece = 61;  // so that lines are torn
            if (at_ >= body_.size()) {
                co_return std::optional<std::string>();
            }
            const auto from = std::exchange(at_, at_ + piece);
            co_return std::optional<std::string>(body_.substr(from, piece));
        }

      private:
        Response head_;
        std::string body_;
        std::size_t at_ = 0;
    };

    int status_;
    std::string body_;
};

}  // namespace meshproof::http
