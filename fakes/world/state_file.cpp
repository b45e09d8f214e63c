#include "fakes/world/state_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

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

Result<std::optional<StateFile::Kept>> StateFile::read() {
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
    auto document = Json::parse(*text, nullptr, false);
    if (!document.is_object()) {
        return fail(FailureKind::invalid,
                    "{}: expected a saved state, which is one whole JSON object", path_);
    }
    if (const auto named = document.find("schema"); named == document.end() || *named != schema) {
        return fail(FailureKind::invalid, "{}: expected a saved state, whose schema is \"{}\"",
                    path_, schema);
    }
    if (const auto named = document.find("version"); named == document.end() || *named != version) {
        return fail(FailureKind::invalid, "{}: expected a saved state of version {}, got {}", path_,
                    version, named == document.end() ? "none" : named->dump());
    }
    Kept kept;
    const auto loaded = load_state([&] {
        document.at("seed").get_to(kept.seed);
        const auto product = document.at("product").get<std::string>();
        if (product != name_of(vault::Product::vault) &&
            product != name_of(vault::Product::openbao)) {
            refuse_state("product {} is unknown", product);
        }
        kept.product = product == name_of(vault::Product::vault) ? vault::Product::vault
                                                                 : vault::Product::openbao;
        kept.servers = std::move(document.at("servers"));
    });
    if (!loaded) {
        return propagate(loaded, path_);
    }
    return std::optional(std::move(kept));
}

Result<void> StateFile::write(const FakeServers& servers, std::uint64_t seed,
                              vault::Product product) {
    const Json document{{"schema", schema},
                        {"version", version},
                        {"seed", seed},
                        {"product", name_of(product)},
                        {"servers", servers.save()}};
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
