#pragma once

#include <deque>
#include <map>
#include <utility>

#include "core/http/transport.hpp"

namespace meshproof::http {

/// A wire for tests of clients: answers by method and target as told, and records what was asked.
/// The last answer that was told for a request stays; a request without any is `unreachable`.
class ScriptedTransport final : public Transport {
  public:
    struct Asked {
        Endpoint endpoint;
        Request request;
    };

    void answer(const std::string& method, const std::string& target, Result<Response> response) {
        answers_[{method, target}].push_back(std::move(response));
    }
    void answer(const std::string& method, const std::string& target, int status,
                std::string body = {}) {
        Response response;
        response.status = status;
        response.body = std::move(body);
        answer(method, target, std::move(response));
    }
    /// What `open` gives: the status of the head, the pieces of the body, and how it ends (clean
    /// without a failure).
    void stream(const std::string& target, int status, std::vector<std::string> pieces,
                std::optional<Failure> end = std::nullopt) {
        streams_[target] = Script{status, std::move(pieces), std::move(end)};
    }

    /// Drops every answer told and every request recorded.
    void forget() {
        answers_.clear();
        streams_.clear();
        asked.clear();
    }

    std::vector<Asked> asked;

    Task<Result<Response>> send(Endpoint endpoint, Request request) override {
        auto& queue = answers_[{request.method, request.target}];
        asked.push_back(Asked{std::move(endpoint), std::move(request)});
        if (queue.empty()) {
            co_return fail(FailureKind::unreachable, "nothing listens for {} {}",
                           asked.back().request.method, asked.back().request.target);
        }
        auto response = queue.front();
        if (queue.size() > 1) {
            queue.pop_front();
        }
        co_return response;
    }
    Task<Result<std::unique_ptr<Stream>>> open(Endpoint endpoint, Request request) override {
        const auto found = streams_.find(request.target);
        asked.push_back(Asked{std::move(endpoint), std::move(request)});
        if (found == streams_.end()) {
            co_return fail(FailureKind::unreachable, "nothing listens for {}",
                           asked.back().request.target);
        }
        std::unique_ptr<Stream> stream = std::make_unique<ScriptedStream>(found->second);
        co_return stream;
    }
    Task<Result<std::unique_ptr<Listener>>> listen(ListenSpec, Handler&) override {
        co_return fail(FailureKind::unsupported, "a scripted wire serves nobody");
    }
    Task<Result<std::unique_ptr<Link>>> open_link(Url, std::string) override {
        co_return fail(FailureKind::unsupported, "a scripted wire has no links");
    }
    void drop_idle() override {}

  private:
    struct Script {
        int status = 200;
        std::vector<std::string> pieces;
        std::optional<Failure> end;
    };
    class ScriptedStream final : public Stream {
      public:
        explicit ScriptedStream(Script script) : script_(std::move(script)) {
            head_.status = script_.status;
        }
        const Response& head() const override { return head_; }
        Task<Result<std::optional<std::string>>> next() override {
            if (next_ < script_.pieces.size()) {
                co_return std::optional<std::string>(script_.pieces[next_++]);
            }
            if (script_.end) {
                co_return tl::unexpected<Failure>(*script_.end);
            }
            co_return std::optional<std::string>();
        }

      private:
        Script script_;
        Response head_;
        std::size_t next_ = 0;
    };

    std::map<std::pair<std::string, std::string>, std::deque<Result<Response>>> answers_;
    std::map<std::string, Script> streams_;
};

}  // namespace meshproof::http
