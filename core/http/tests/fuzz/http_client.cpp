// Bytes of a server, as our client reads them, whole and as a stream. The first byte of the input
// chooses how the client asks.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "core/base/text.hpp"
#include "core/http/tests/fuzz/loopback.hpp"

namespace meshproof::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Answers each connection with the same bytes.
struct Served : Loopback {
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    std::string answer;

    Served() { asio::co_spawn(context, serve(this), asio::detached); }

    static Task<void> serve(Served* self) {
        for (;;) {
            auto socket = co_await self->acceptor.async_accept(asio::use_awaitable);
            std::array<char, 1024> request;
            boost::system::error_code error;
            co_await socket.async_read_some(asio::buffer(request),
                                            asio::redirect_error(asio::use_awaitable, error));
            (void)co_await write_and_read(socket, self->answer);
        }
    }
};

void check(const Response& response) {
    MESHPROOF_ASSERT(response.status >= 0 && response.status <= 999, "{}", response.status);
    check_headers(response.headers);
}

Task<void> ask(Served* served, char how) {
    Endpoint endpoint;
    endpoint.url = {"http", "127.0.0.1", served->acceptor.local_endpoint().port(), ""};
    endpoint.reuse = false;
    Request request;
    request.method = how % 4 == 0 ? "HEAD" : "GET";
    if (how % 2 == 0) {
        const auto response = co_await served->transport.send(endpoint, request);
        if (response) {
            check(*response);
            MESHPROOF_ASSERT(request.method == "GET" || response->body.empty());
        }
    } else {
        auto stream = co_await served->transport.open(endpoint, request);
        if (stream) {
            check((*stream)->head());
            for (bool more = true; more;) {
                const auto piece = co_await (*stream)->next();
                more = piece && *piece;
            }
        }
    }
}

}  // namespace
}  // namespace meshproof::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace meshproof;
    static auto& served = *new http::Served;  // never destroyed: the loop has its coroutines
    const auto text = as_text({data, size});
    if (text.empty()) {
        return 0;
    }
    served.answer = text.substr(1);
    run_real(served.context, http::ask(&served, text.front()));
    return 0;
}
