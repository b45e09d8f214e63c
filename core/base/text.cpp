#include "core/base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace meshproof {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode64(std::string_view bytes, std::string_view alphabet, bool padded) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    out.resize(bytes.size() / 3 * 4);
    char* to = out.data();
    std::size_t i = 0;
    for (; i + 2 < bytes.size(); i += 3) {
        const auto a = static_cast<std::uint8_t>(bytes[i]);
        const auto b = static_cast<std::uint8_t>(bytes[i + 1]);
        const auto c = static_cast<std::uint8_t>(bytes[i + 2]);
        *to++ = alphabet[a >> 2];
        *to++ = alphabet[(a & 3) << 4 | b >> 4];
        *to++ = alphabet[(b & 15) << 2 | c >> 6];
        *to++ = alphabet[c & 63];
    }
    const auto rest = bytes.size() - i;
    if (rest == 1) {
        const auto a = static_cast<std::uint8_t>(bytes[i]);
        out += alphabet[a >> 2];
        out += alphabet[(a & 3) << 4];
        out += padded ? "==" : "";
    } else if (rest == 2) {
        const auto a = static_cast<std::uint8_t>(bytes[i]);
        const auto b = static_cast<std::uint8_t>(bytes[i + 1]);
        out += alphabet[a >> 2];
        out += alphabet[(a & 3) << 4 | b >> 4];
        out += alphabet[(b & 15) << 2];
        out += padded ? "=" : "";
    }
    return out;
}

std::optional<std::string> decode64(std::string_view text, std::string_view alphabet, bool padded) {
    std::array<int, 256> value{};
    value.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        value[static_cast<std::uint8_t>(alphabet[i])] = static_cast<int>(i);
    }
    if (padded) {
        if (text.size() % 4 != 0) {
            return std::nullopt;
        }
        for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) {
            text.remove_suffix(1);
        }
    }
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    std::string out(text.size() * 3 / 4, '\0');
    char* to = out.data();
    unsigned bits = 0;
    int held = 0;
    for (const char c : text) {
        const int v = value[static_cast<std::uint8_t>(c)];
        if (v < 0) {
            return std::nullopt;
        }
        bits = bits << 6 | static_cast<unsigned>(v);
        held += 6;
        if (held >= 8) {
            held -= 8;
            *to++ = static_cast<char>(bits >> held & 0xff);
        }
    }
    return out;
}

}  // namespace

std::span<const std::uint8_t> as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string to_base64(std::string_view bytes) {
    return encode64(bytes, standard_alphabet, true);
}
std::string to_base64url(std::string_view bytes) {
    return encode64(bytes, url_alphabet, false);
}
std::optional<std::string> from_base64(std::string_view text) {
    return decode64(text, standard_alphabet, true);
}
std::optional<std::string> from_base64url(std::string_view text) {
    return decode64(text, url_alphabet, false);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const auto at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(at + 1);
    }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    std::string out;
    for (const auto& part : parts) {
        if (&part != parts.data()) {
            out += separator;
        }
        out += part;
    }
    return out;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

bool fits_pattern(std::string_view pattern, std::string_view text) {
    // The last * is the only one to come back to: what an earlier one took need not change.
    std::size_t p = 0, t = 0, star = std::string_view::npos, taken = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string path_as_uri(std::string_view path) {
    std::string out(path.starts_with('/') ? "file://" : "");
    for (const char c : path) {
        const bool plain =
            letter_or_digit(c) || std::string_view("/-._~").find(c) != std::string_view::npos;
        out += plain ? std::string(1, c)
                     : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return out;
}

Result<std::string> read_file(const std::string& path, std::size_t largest) {
    struct stat named{};
    if (::lstat(path.c_str(), &named) == 0 && S_ISFIFO(named.st_mode)) {
        return fail(FailureKind::invalid, "cannot read {}: expected a file, and it is a named pipe",
                    path);
    }
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return fail(FailureKind::invalid, "cannot read {}: {}", path, std::strerror(errno));
    }
    std::string text;
    std::array<char, 16384> buffer{};
    while (true) {
        const auto n = ::read(file, buffer.data(), buffer.size());
        if (n < 0) {
            const int reason = errno;
            ::close(file);
            return fail(FailureKind::invalid, "cannot read {}: {}", path, std::strerror(reason));
        }
        if (n == 0) {
            ::close(file);
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(n));
        if (text.size() > largest) {
            ::close(file);
            return fail(FailureKind::invalid, "cannot read {}: it holds more than {} MiB", path,
                        largest >> 20);
        }
    }
}

namespace {

/// All of the text, or errno.
int write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const auto n = ::write(file, text.data(), text.size());
        if (n < 0) {
            return errno;
        }
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
}

int close_after(int file, int reason) {
    return ::close(file) != 0 && reason == 0 ? errno : reason;
}

int write_through(const std::string& path, std::string_view text) {
    const int file = ::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
    return file < 0 ? errno : close_after(file, write_all(file, text));
}

int replace_file(const std::string& path, std::string_view text, int mode) {
    std::string temporary;
    int file = -1;
    // A name that is taken is somebody else's, or was left by a process that was killed.
    for (int i = 0; file < 0 && i < 100; ++i) {
        temporary = fmt::format("{}.{}.{}.tmp", path, ::getpid(), i);
        file =
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (file < 0 && errno != EEXIST) {
            break;
        }
    }
    if (file < 0) {
        return errno;
    }
    int reason = write_all(file, text);
    if (reason == 0 && ::fsync(file) != 0) {
        reason = errno;
    }
    reason = close_after(file, reason);
    if (reason == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) {
        reason = errno;
    }
    if (reason != 0) {
        ::unlink(temporary.c_str());
    }
    return reason;
}

}  // namespace

// Only a regular file is replaced: a device or a pipe is written to, and a symbolic link to
// anything else is refused.
Result<void> write_file(const std::string& path, std::string_view text, int mode) {
    struct stat named{}, meant{};
    const bool there = ::lstat(path.c_str(), &named) == 0;
    const bool link = there && S_ISLNK(named.st_mode);
    // /dev/stdout is a link too: what it leads to decides.
    const bool special = there && ::stat(path.c_str(), &meant) == 0 && !S_ISREG(meant.st_mode) &&
                         !S_ISDIR(meant.st_mode);
    if (link && !special) {
        return fail(FailureKind::invalid,
                    "cannot write {}: expected a file, and it is a symbolic link", path);
    }
    if (const int reason = special ? write_through(path, text) : replace_file(path, text, mode);
        reason != 0) {
        return fail(FailureKind::invalid, "cannot write {}: {}", path, std::strerror(reason));
    }
    return {};
}

}  // namespace meshproof
