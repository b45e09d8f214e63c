#include "fakes/world/state_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <vector>

#include "core/base/json_text.hpp"
#include "core/base/text.hpp"
#include "fakes/state.hpp"

namespace meshproof::fakes {

namespace {

using Json = nlohmann::json;

constexpr std::string_view schema = "meshproof/serve-state";
constexpr int version = 1;

std::string_view name_of(vault::Product product) {
    return product == vault::Product::vault ? "vault" : "openbao";
}

bool digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The process in the name of a copy that `write_file` makes beside a file: FILE.PROCESS.N.tmp
std::optional<pid_t> writer_of(std::string_view name, std::string_view file) {
    if (!name.starts_with(file)) {
        return std::nullopt;
    }
    const auto parts = split(name.substr(file.size()), '.');
    if (parts.size() != 4 || !parts[0].empty() || parts[3] != "tmp" || !digits(parts[1]) ||
        !digits(parts[2])) {
        return std::nullopt;
    }
    pid_t process = 0;
    const auto* const end = parts[1].data() + parts[1].size();
    const auto [stop, error] = std::from_chars(parts[1].data(), end, process);
    return error == std::errc() && stop == end ? std::optional(process) : std::nullopt;
}

/// A process that was killed while it wrote left a copy, with every private key in it.
void remove_left_copies(const std::string& path) {
    const std::filesystem::path file(path);
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    std::vector<std::filesystem::path> left;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        const auto writer = writer_of(at->path().filename().string(), file.filename().string());
        if (writer && ::kill(*writer, 0) != 0 && errno == ESRCH) {
            left.push_back(at->path());
        }
    }
    for (const auto& copy : left) {
        std::filesystem::remove(copy, error);
    }
}

}  // namespace

// Every write puts a new file in the place of the old one, so the lock moves with it; a file that
// another process has just replaced is not the one to lock.
Result<void> StateFile::hold() {
    for (;;) {
        const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            return {};  // read and write tell why
        }
        const std::shared_ptr<const int> opened(new int(file), [](const int* descriptor) {
            ::close(*descriptor);
            delete descriptor;
        });
        if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
            return fail(FailureKind::invalid,
                        "{}: expected a state that nobody uses, and another server keeps its own "
                        "in it",
                        path_);
        }
        struct stat locked{}, there{};
        if (::fstat(file, &locked) == 0 && ::stat(path_.c_str(), &there) == 0 &&
            locked.st_ino == there.st_ino) {
            held_ = opened;
            return {};
        }
    }
}

Result<StateFile::Kept> StateFile::parse(std::string_view text) {
    auto document = json_or_null(text);
    if (!document.is_object()) {
        return fail(FailureKind::invalid, "expected a saved state, which is one whole JSON object");
    }
    if (const auto named = document.find("schema"); named == document.end() || *named != schema) {
        return fail(FailureKind::invalid, "expected a saved state, whose schema is \"{}\"", schema);
    }
    if (const auto named = document.find("version"); named == document.end() || *named != version) {
        return fail(FailureKind::invalid, "expected a saved state of version {}, got {}", version,
                    named == document.end() ? "none"
                    : named->is_primitive() ? named->dump()
                                            : named->type_name());
    }
    Kept kept;
    const auto loaded = load_state([&] {
        read_member(document, "seed", kept.seed);
        std::string product;
        read_member(document, "product", product);
        if (product != name_of(vault::Product::vault) &&
            product != name_of(vault::Product::openbao)) {
            refuse_state("product: expected openbao or vault, got {}", product);
        }
        kept.product = product == name_of(vault::Product::vault) ? vault::Product::vault
                                                                 : vault::Product::openbao;
        kept.servers = std::move(document.at("servers"));
        if (!kept.servers.is_object()) {
            refuse_state("servers: expected an object, got {}", kept.servers.type_name());
        }
    });
    if (!loaded) {
        return fail(FailureKind::invalid, "expected a whole state, but {}", loaded.error().message);
    }
    return kept;
}

Result<std::optional<StateFile::Kept>> StateFile::read() {
    remove_left_copies(path_);
    std::error_code error;
    if (!std::filesystem::exists(path_, error) && !error) {
        return std::nullopt;
    }
    if (const auto held = hold(); !held) {
        return propagate(held);
    }
    const auto text = read_file(path_);
    if (!text) {
        return propagate(text);
    }
    auto kept = parse(*text);
    if (!kept) {
        return propagate(kept, path_);
    }
    return std::optional(std::move(*kept));
}

Json StateFile::document(const FakeServers& servers, std::uint64_t seed, vault::Product product) {
    return {{"schema", schema},
            {"version", version},
            {"seed", seed},
            {"product", name_of(product)},
            {"servers", servers.save()}};
}

Result<void> StateFile::write(Json document) {
    // What clients sent may be no UTF-8.
    auto text = document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (text == written_) {
        return {};
    }
    if (const auto done = write_file(path_, text, 0600); !done) {
        return done;
    }
    written_ = std::move(text);
    return hold();
}

}  // namespace meshproof::fakes
