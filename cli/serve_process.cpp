#include "cli/serve_process.hpp"

#include <fcntl.h>
#include <poll.h>
extern "C" {  // the header of glibc 2.36 does not say so itself
#include <sys/pidfd.h>
}
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <thread>

#include "cli/program.hpp"
#include "core/base/json_text.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace meshproof::cli {
namespace {

/// A file descriptor that ends with its scope.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int number() const { return number_; }

  private:
    int number_;
};

[[noreturn]] void cannot(std::string_view what, std::string hint = {}) {
    throw CannotGoOn(
        Failure{FailureKind::unsupported, fmt::format("{}: {}", what, std::strerror(errno)), 0, {}},
        std::move(hint));
}

constexpr auto what_stop_takes =
    "--stop takes the folder of --dir, or the file of --ready-file, of a server that runs";

/// Field 22 of /proc/PID/stat. The name, field 2, may hold anything, brackets too.
std::optional<std::uint64_t> start_ticks_of(int pid) {
    const auto text = read_file(fmt::format("/proc/{}/stat", pid));
    if (!text || text->find(") ") == std::string::npos) {
        return std::nullopt;
    }
    const auto fields = split(text->substr(text->rfind(") ") + 2), ' ');
    constexpr std::size_t third = 3, wanted = 22;
    // A zombie has ended: only whoever started it has not looked.
    if (fields.size() <= wanted - third || fields[0] == "Z" || fields[0] == "X") {
        return std::nullopt;
    }
    const auto& field = fields[wanted - third];
    std::uint64_t ticks = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), ticks);
    return error == std::errc() ? std::optional(ticks) : std::nullopt;
}

/// The exit code of the process that leave() made and that ended before it was ready.
int code_of_child(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return own_bug;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::optional<ProcessIdentity> identity_of(int pid) {
    const auto ticks = start_ticks_of(pid);
    const auto boot = read_file("/proc/sys/kernel/random/boot_id");
    if (!ticks || !boot) {
        return std::nullopt;
    }
    return ProcessIdentity{pid, *ticks, std::string(trim(*boot))};
}

nlohmann::ordered_json identity_json(const ProcessIdentity& process) {
    return {{"pid", process.pid}, {"start_ticks", process.start_ticks}, {"boot_id", process.boot}};
}

Result<ProcessIdentity> read_served_process(const std::string& path) {
    const auto text = read_file(path);
    if (!text) {
        return propagate(text);
    }
    const auto document = json_or_null(*text);
    const auto process =
        document.is_object() ? document.value("process", nlohmann::json()) : nlohmann::json();
    const auto is_number = [&](const char* name) {
        return process.is_object() && process.contains(name) && process[name].is_number_unsigned();
    };
    // 0 and 1 would be groups and init.
    if (!is_number("pid") || !is_number("start_ticks") || process["pid"] < 2 ||
        process["pid"] > std::numeric_limits<pid_t>::max() ||
        !process.value("boot_id", nlohmann::json()).is_string()) {
        return fail(FailureKind::invalid,
                    "{}: expected what meshproof serve writes when it is ready", path);
    }
    return ProcessIdentity{process["pid"].get<int>(), process["start_ticks"].get<std::uint64_t>(),
                           process["boot_id"].get<std::string>()};
}

int stop_served(const std::string& where) {
    std::error_code ignored;
    const auto file = std::filesystem::is_directory(where, ignored)
                          ? (std::filesystem::path(where) / "serve.json").string()
                          : where;
    const auto read = read_served_process(file);
    if (!read) {
        throw UsageError(read.error().message, what_stop_takes);
    }
    const auto& wanted = *read;
    // Held before it is looked at: from here on the number cannot become another process's.
    const Descriptor process(::pidfd_open(wanted.pid, 0));
    if (process.number() < 0 && errno != ESRCH) {
        cannot(fmt::format("process {}", wanted.pid));
    }
    if (process.number() < 0 || identity_of(wanted.pid) != wanted) {
        log::note(fmt::format("the server of {} has ended before", file));
        return as_expected;
    }
    if (::pidfd_send_signal(process.number(), SIGTERM, nullptr, 0) != 0 && errno != ESRCH) {
        cannot(fmt::format("process {}", wanted.pid));
    }
    constexpr int patience_ms = 60'000;
    pollfd ended{process.number(), POLLIN, 0};
    int got = 0;
    do {
        got = ::poll(&ended, 1, patience_ms);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        throw CannotGoOn(Failure{FailureKind::timed_out,
                                 fmt::format("process {} was asked to end, and has not within a "
                                             "minute",
                                             wanted.pid),
                                 0,
                                 {}},
                         fmt::format("kill -KILL {} ends it at once", wanted.pid));
    }
    log::note(fmt::format("stopped process {}", wanted.pid));
    return as_expected;
}

Detached::~Detached() {
    if (told_ >= 0) {
        ::close(told_);
    }
}

std::optional<int> Detached::leave() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        cannot("cannot detach");
    }
    const Descriptor heard(ends[0]);
    told_ = ends[1];
    std::fflush(stdout);
    std::fflush(stderr);
    const auto child = ::fork();
    if (child < 0) {
        cannot("cannot detach");
    }
    if (child == 0) {
        (void)::setsid();  // Ctrl-C and a closed terminal are the caller's
        return std::nullopt;
    }
    ::close(told_);
    told_ = -1;
    char word = 0;
    ssize_t got = 0;
    do {
        got = ::read(heard.number(), &word, 1);
    } while (got < 0 && errno == EINTR);
    return got == 1 ? int{as_expected} : code_of_child(child);
}

bool Detached::ready(const std::string& log) {
    if (told_ < 0) {
        return true;
    }
    const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const Descriptor kept(
        ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (nothing.number() < 0 || kept.number() < 0) {
        cannot(fmt::format("cannot write {}", log), "give --dir a folder that you may write");
    }
    // Whoever reads what the program says waits until the last writer has gone.
    (void)::dup2(nothing.number(), STDIN_FILENO);
    (void)::dup2(nothing.number(), STDOUT_FILENO);
    (void)::dup2(kept.number(), STDERR_FILENO);
    const bool heard = ::write(told_, "+", 1) == 1;
    ::close(told_);
    told_ = -1;
    return heard;
}

struct ParentWatch::State {
    std::function<void()> on_gone;
    pid_t parent = 0;
    std::atomic<bool> over = false;
    std::thread thread;
};

ParentWatch::ParentWatch(std::function<void()> on_gone) : state_(std::make_unique<State>()) {
    state_->on_gone = std::move(on_gone);
    state_->parent = ::getppid();
    sigset_t set, all, others;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &others);
    sigaddset(&others, SIGUSR1);
    // The signal comes when the thread ends that started us, which in Go or Java may be long before
    // its process. So it is no order to end, but the time to look.
    if (::prctl(PR_SET_PDEATHSIG, SIGUSR1) != 0) {
        cannot("--exit-with-parent");
    }
    if (::getppid() != state_->parent) {
        ::kill(::getpid(), SIGUSR1);  // it ended before we asked to be told
    }
    // Other signals are those of threads that wait for them, which are made later.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    state_->thread = std::thread([state = state_.get(), set] {
        int number = 0;
        while (sigwait(&set, &number) == 0 && !state->over) {
            if (::getppid() != state->parent) {
                state->on_gone();
                return;
            }
        }
    });
    pthread_sigmask(SIG_SETMASK, &others, nullptr);
}

ParentWatch::~ParentWatch() {
    state_->over = true;
    pthread_kill(state_->thread.native_handle(), SIGUSR1);
    state_->thread.join();
}

}  // namespace meshproof::cli
