#include "cli/served_command.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "cli/program.hpp"
#include "core/base/log.hpp"

namespace meshproof::cli {
namespace {

// As a shell has them.
constexpr int code_not_run = 126, code_not_found = 127, code_by_signal = 128;

/// Those that end programs, but for the ones that cannot be passed on. SIGUSR1 and SIGUSR2 are
/// ours (ParentWatch, and the end of the watch below).
constexpr std::array passed_on = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/// Every open file of this process.
std::set<int> open_files() {
    std::set<int> files;
    std::error_code error;
    {
        const std::filesystem::path folder("/proc/self/fd");
        for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
             at.increment(error)) {
            files.insert(std::atoi(at->path().filename().c_str()));
        }
    }
    // The look itself opened one.
    std::erase_if(files, [](int file) { return ::fcntl(file, F_GETFD) < 0; });
    return files;
}

/// Whether a variable would lead a client of the fakes elsewhere.
bool leads_elsewhere(std::string_view name) {
    constexpr std::array beginnings = {"VAULT_", "BAO_", "KUBECONFIG", "MESHPROOF_CONTROL",
                                       "MESHPROOF_DIR"};
    return std::ranges::any_of(beginnings,
                               [&](const char* text) { return name.starts_with(text); });
}

/// Texts as C has them. They outlive it.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

/// The attributes of a child that begins as we did.
class Attributes {
  public:
    explicit Attributes(const sigset_t& mask) {
        posix_spawnattr_init(&value_);
        sigset_t defaults;
        sigemptyset(&defaults);
        sigaddset(&defaults, SIGPIPE);  // SIG_IGN outlives exec
        posix_spawnattr_setsigmask(&value_, &mask);
        posix_spawnattr_setsigdefault(&value_, &defaults);
        posix_spawnattr_setflags(&value_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~Attributes() { posix_spawnattr_destroy(&value_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    [[nodiscard]] const posix_spawnattr_t* get() const { return &value_; }

  private:
    posix_spawnattr_t value_{};
};

int code_of_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : code_by_signal + WTERMSIG(status);
}

}  // namespace

Inherited::Inherited() : files_(open_files()) {
    pthread_sigmask(SIG_SETMASK, nullptr, &signals_);
}

std::vector<std::pair<std::string, std::string>> Inherited::environment() {
    std::vector<std::pair<std::string, std::string>> all;
    for (char** at = ::environ; *at != nullptr; ++at) {
        const std::string_view whole = *at;
        const auto name = whole.substr(0, whole.find('='));
        if (name.size() != whole.size() && !leads_elsewhere(name)) {
            all.emplace_back(name, whole.substr(name.size() + 1));
        }
    }
    return all;
}

void Inherited::keep_files_to_ourselves() const {
    for (const int file : open_files()) {
        if (!files_.contains(file)) {
            (void)::fcntl(file, F_SETFD, FD_CLOEXEC);
        }
    }
}

struct ServedCommand::State {
    const Inherited& inherited;
    std::function<void()> on_end;
    std::thread signals{}, waiting{};

    std::mutex mutex{};  ///< guards what is below
    std::optional<pid_t> running{};
    bool over = false;  ///< it has ended, or is not to begin any more
    int code = as_expected;

    /// To the command, where it runs; else it is not to begin any more. Its number is its own while
    /// `running` says so: it is forgotten before anybody waits for it.
    void pass_on(int number) {
        const std::unique_lock lock(mutex);
        if (running) {
            (void)::kill(*running, number);
        } else if (!over) {
            over = true;
            code = code_by_signal + number;
            on_end();
        }
    }

    void take_signals(const sigset_t& set) {
        siginfo_t info{};
        while (true) {
            const int number = sigwaitinfo(&set, &info);
            if (number == SIGUSR2) {
                return;
            }
            // Ctrl-C and a closed terminal meet the whole group, the command too: once is enough.
            const bool of_terminal = info.si_code == SI_KERNEL;
            if (number > 0 && !(of_terminal && is_running())) {
                pass_on(number);
            }
        }
    }

    [[nodiscard]] bool is_running() {
        const std::scoped_lock lock(mutex);
        return running.has_value();
    }

    /// Waits until the command has ended.
    void wait_for(pid_t child) {
        siginfo_t info{};
        while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0 &&
               errno == EINTR) {
        }
        const std::scoped_lock lock(mutex);
        running.reset();
        int status = 0;
        code = ::waitpid(child, &status, 0) == child ? code_of_status(status) : own_bug;
        over = true;
        on_end();
    }
};

ServedCommand::ServedCommand(const Inherited& inherited, std::function<void()> on_end)
    : state_(new State{.inherited = inherited, .on_end = std::move(on_end)}) {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : passed_on) {
        struct sigaction now{};
        // What was ignored when we were started (nohup) stays so.
        if (sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) {
            sigaddset(&set, number);
        }
    }
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGCHLD, SIG_DFL);  // ignored, it would take the command's exit code away
    state_->signals = std::thread([state = state_.get(), set] { state->take_signals(set); });
}

ServedCommand::~ServedCommand() {
    end();
    if (state_->waiting.joinable()) {
        state_->waiting.join();
    }
    pthread_kill(state_->signals.native_handle(), SIGUSR2);
    state_->signals.join();
}

void ServedCommand::start(const std::vector<std::string>& words,
                          const std::vector<std::pair<std::string, std::string>>& variables) {
    auto texts = words;
    std::vector<std::string> settings;
    std::set<std::string> set;
    auto all = variables;
    const auto given = Inherited::environment();
    all.insert(all.end(), given.begin(), given.end());
    for (const auto& [name, value] : all) {
        if (set.insert(name).second) {
            settings.push_back(name + "=" + value);
        }
    }
    state_->inherited.keep_files_to_ourselves();
    const Attributes attributes(state_->inherited.signals());
    const std::scoped_lock lock(state_->mutex);
    if (state_->over) {
        return;
    }
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, texts.front().c_str(), nullptr, attributes.get(),
                                     pointers_to(texts).data(), pointers_to(settings).data());
    if (error != 0) {
        log::error(
            fmt::format("cannot run {}: {}", texts.front(), std::strerror(error)),
            "what follows -- is a program and its arguments: meshproof serve -- vault status");
        state_->code = error == ENOENT ? code_not_found : code_not_run;
        state_->over = true;
        state_->on_end();
        return;
    }
    state_->running = child;
    state_->waiting = std::thread([state = state_.get(), child] { state->wait_for(child); });
}

void ServedCommand::end() {
    state_->pass_on(SIGTERM);
}

int ServedCommand::exit_code() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->code;
}

}  // namespace meshproof::cli
