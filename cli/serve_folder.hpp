#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/serve_arguments.hpp"
#include "core/base/held_folder.hpp"
#include "core/base/secret.hpp"
#include "fakes/control/control_port.hpp"

namespace meshproof::cli {

/// The folder of --dir, where clients find credentials. They mean nothing once the servers are
/// gone, so they go with it, however that ends.
class ServeFolder {
  public:
    /// UsageError where it cannot be made, where another server serves from it, or where a file in
    /// it has the name of one of ours and no server wrote it. "" = a new one for temporary files.
    explicit ServeFolder(std::string path);
    ServeFolder(const ServeFolder&) = delete;
    ServeFolder& operator=(const ServeFolder&) = delete;
    ~ServeFolder();

    /// Its whole path.
    [[nodiscard]] std::string whole() const;
    /// The whole path of a file in it.
    [[nodiscard]] std::string file(std::string_view name) const;
    /// As typed.
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    void hold();

    std::string path_;
    bool made_ = false;
    HeldFolder held_;  ///< against a server that begins beside this one
};

/// The file of --ready-file, which is there while the servers answer. "" = none was asked for.
class ReadyFile {
  public:
    /// What an earlier run may have left goes first: nobody is to take it for ours.
    explicit ReadyFile(std::string path);
    ReadyFile(const ReadyFile&) = delete;
    ReadyFile& operator=(const ReadyFile&) = delete;
    ~ReadyFile();

    void write(const std::string& text);

  private:
    std::string path_, written_;
};

/// What is served, where, and by what means clients get in.
struct Serving {
    const ServeArguments& arguments;
    const ServeFolder& folder;
    fakes::FakeServers& servers;
    const run::Target& target;
    vault::Product product;
    std::uint64_t seed = 0;
    const fakes::ControlPort* control = nullptr;  ///< null where there is none
    Secret control_token{};                       ///< empty = it asks for none
};

/// Writes what clients need into the folder; secrets only the owner can read.
void write_credentials(const Serving& serving);
/// meshproof.serve/v1 (docs/serve.schema.json): addresses, and the places of the credentials, which
/// are not in it themselves.
[[nodiscard]] nlohmann::ordered_json describe(const Serving& serving);
/// Says it on stdout, for a shell or as the document.
void tell_serving(const Serving& serving, const nlohmann::ordered_json& document);
/// What clients of the fakes read from the environment, tokens too.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> whole_environment(
    const Serving& serving);

}  // namespace meshproof::cli
