#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <cstddef>

namespace meshproof::http {

/// Gives a Beast parser what was read. It is given nothing twice that it could make nothing of: for
/// want of more it would look through all of it again, and after "0\r\n", the last chunk's head, it
/// asserts that two more bytes have come (Boost 1.81).
///
/// What stands around the chunks (a size's digits, extensions, trailers) counts into no body, and
/// would be waited for however long it is: it is an error from `longest_chunk_head` bytes on.
class Feed {
  public:
    /// Go's server takes 4 KiB in a line (net/http/internal/chunked.go), and trailers as a head.
    static constexpr std::size_t longest_chunk_head = 16U << 10;

    /// Whether these bytes may get the parser further.
    [[nodiscard]] bool worthwhile(const boost::beast::flat_buffer& buffer) const {
        constexpr std::size_t last_chunk = 5;  // "0\r\n\r\n"; no other chunk is shorter
        return buffer.size() > unused_ && (!in_chunks_ || buffer.size() >= last_chunk);
    }

    /// Takes out of the buffer what the parser took. Being in want of more is no error.
    template <class Parser>
    [[nodiscard]] boost::system::error_code give(Parser& parser,
                                                 boost::beast::flat_buffer& buffer) {
        boost::system::error_code error;
        buffer.consume(parser.put(buffer.cdata(), error));
        const bool wants_more = error == boost::beast::http::error::need_more;
        unused_ = wants_more ? buffer.size() : 0;
        in_chunks_ = wants_more && parser.is_header_done();
        if (in_chunks_ && unused_ > longest_chunk_head) {
            return boost::beast::http::error::bad_chunk;
        }
        return wants_more ? boost::system::error_code() : error;
    }

  private:
    std::size_t unused_ = 0;
    bool in_chunks_ = false;  ///< what is unused is a chunk's head; other bodies take every byte
};

}  // namespace meshproof::http
