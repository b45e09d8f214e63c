// Bytes of a client, as our server reads them: heads, bodies by length and in chunks, pipelining.
#include <boost/asio/this_coro.hpp>

#include "core/base/text.hpp"
#include "core/http/tests/fuzz/loopback.hpp"

namespace meshproof::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Checks what reaches a handler, and answers with the body that came.
class Echo final : public Handler {
  public:
    Task<Response> handle(Request request, Peer /*peer*/) override {
        MESHPROOF_ASSERT(!request.method.empty() && clean_field(request.method));
        MESHPROOF_ASSERT(!request.target.empty() && clean_field(request.target) &&
                         request.target.find(' ') == std::string::npos);
        check_headers(request.headers);
        Response response;
        response.chunked = request.body.size() % 2 == 1;
        response.body = std::move(request.body);
        response.headers.set("X-Echo", request.target);
        co_return response;
    }
};

Task<std::string> raw_exchange(std::uint16_t port, std::string bytes) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    co_return co_await write_and_read(socket, std::move(bytes));
}

struct Served : Loopback {
    Echo echo;
    std::unique_ptr<Listener> listener = require(run_real(context, transport.listen(spec(), echo)));

    static ListenSpec spec() {
        ListenSpec spec;
        spec.tls = false;
        spec.body_limit = 1024;  // small, so that inputs reach it
        spec.header_limit = 1024;
        return spec;
    }
};

}  // namespace
}  // namespace meshproof::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    static auto& served = *new http::Served;  // never destroyed: the loop has its coroutines
    const auto answer = run_real(
        served.context,
        http::raw_exchange(served.listener->url().port, std::string(as_text({data, size}))));
    MESHPROOF_ASSERT(answer.empty() || answer.starts_with("HTTP/1.1 "), "{}", answer);
    return 0;
}
