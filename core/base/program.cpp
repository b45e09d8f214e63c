#include "core/base/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace meshproof {
namespace {

/// A file of ours: closed at the end, -1 = none.
class OpenFile {
  public:
    explicit OpenFile(int file = -1) : file_(file) {}
    ~OpenFile() { close(); }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    void close() { reset(-1); }
    void reset(int file) {
        if (file_ >= 0) {
            ::close(file_);
        }
        file_ = file;
    }
    [[nodiscard]] int get() const { return file_; }

  private:
    int file_;
};

struct Pipe {
    OpenFile reader, writer;

    [[nodiscard]] bool open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            return false;
        }
        reader.reset(ends[0]);
        writer.reset(ends[1]);
        return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
    }
};

std::vector<char*> c_texts(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

/// Its process, or an error number below zero. `errors` -1: ours.
pid_t start(const ProgramCall& call, int output, int errors) {
    auto words = call.words;
    std::vector<std::string> settings;
    for (const auto& [name, value] : call.environment) {
        settings.push_back(name + "=" + value);
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    if (errors >= 0) {
        posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
    }
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, words.front().c_str(), &files, nullptr,
                                     c_texts(words).data(), c_texts(settings).data());
    posix_spawn_file_actions_destroy(&files);
    return error == 0 ? child : -error;
}

/// Takes what is there now, and of a program that never stops a bit more than a pipe holds. The
/// file is closed at its end.
void take(OpenFile& file, std::string& out) {
    constexpr int pieces = 32;
    std::array<char, 4096> piece{};
    for (int i = 0; i < pieces && file.get() >= 0; ++i) {
        const auto count = ::read(file.get(), piece.data(), piece.size());
        if (count > 0) {
            out.append(piece.data(), static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EAGAIN) {
            return;
        } else if (count == 0 || errno != EINTR) {
            file.close();
        }
    }
}

/// Gathers what it says until it has ended; false where that takes too long, or is too much. A
/// program that leaves others behind, who hold its stdout open, has ended nevertheless.
bool gather(Pipe& output, Pipe& errors, int ended, int timer, ProgramEnd& end) {
    constexpr std::size_t most = 8U << 20;
    for (;;) {
        std::array<pollfd, 4> all{{{output.reader.get(), POLLIN, 0},
                                   {errors.reader.get(), POLLIN, 0},
                                   {ended, POLLIN, 0},
                                   {timer, POLLIN, 0}}};
        if (::poll(all.data(), all.size(), -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        take(output.reader, end.output);
        take(errors.reader, end.errors);
        if (all[2].revents != 0) {
            return end.output.size() + end.errors.size() <= most;
        }
        if (all[3].revents != 0 || end.output.size() + end.errors.size() > most) {
            return false;
        }
    }
}

/// Readable when so much time is over.
bool set_timer(OpenFile& timer, std::chrono::milliseconds limit) {
    timer.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    const auto whole = std::chrono::floor<std::chrono::seconds>(limit);
    itimerspec time{};
    time.it_value.tv_sec = whole.count();
    time.it_value.tv_nsec = std::chrono::nanoseconds(limit - whole).count() + 1;  // 0 disarms it
    return timer.get() >= 0 && ::timerfd_settime(timer.get(), 0, &time, nullptr) == 0;
}

Result<ProgramEnd> cannot_run(const std::string& program, int error) {
    return fail(error == ENOENT ? FailureKind::not_found : FailureKind::invalid,
                "cannot run {}: {}", program, std::strerror(error));
}

}  // namespace

std::map<std::string, std::string> own_environment() {
    std::map<std::string, std::string> variables;
    for (char** at = ::environ; *at != nullptr; ++at) {
        const std::string whole = *at;
        const auto equals = whole.find('=');
        if (equals != std::string::npos) {
            variables[whole.substr(0, equals)] = whole.substr(equals + 1);
        }
    }
    return variables;
}

Result<ProgramEnd> run_program(const ProgramCall& call, std::chrono::milliseconds limit) {
    const auto& program = call.words.front();
    Pipe output, errors;
    OpenFile timer;
    if (!output.open() || (call.keep_errors && !errors.open()) || !set_timer(timer, limit)) {
        return cannot_run(program, errno);
    }
    const auto child = start(call, output.writer.get(), errors.writer.get());
    output.writer.close();
    errors.writer.close();
    if (child < 0) {
        return cannot_run(program, -child);
    }
    // glibc 2.36 declares it for C alone.
    const OpenFile ended(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    ProgramEnd end;
    const bool whole = ended.get() >= 0 && gather(output, errors, ended.get(), timer.get(), end);
    if (!whole) {
        ::kill(child, SIGKILL);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!whole) {
        return fail(FailureKind::invalid, "{}: it did not end in {} s, or said too much", program,
                    std::chrono::ceil<std::chrono::seconds>(limit).count());
    }
    end.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return end;
}

}  // namespace meshproof
