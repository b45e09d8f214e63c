#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/task.hpp"
#include "fakes/world/fake_servers.hpp"

namespace meshproof::fakes {

/// An object of the API server, as `kubectl apply` takes it.
struct SetupObject {
    std::string where;  ///< "setup.yaml:7: kubernetes.objects[0]"
    nlohmann::json manifest;
};

/// A write to the Vault, as `bao write PATH …` makes it.
struct SetupWrite {
    std::string where;  ///< "setup.yaml:12: vault.write[3]"
    std::string space;  ///< the namespace; "" = the root's
    std::string path;   ///< without /v1/
    std::string as;     ///< the name by which later writes speak of the answer; "" = none does
    nlohmann::json data;
};

/// What served fakes hold from the start, in the words of Vault and Kubernetes. docs/serve.md says
/// what such a file may hold.
struct Setup {
    std::vector<SetupObject> objects;  ///< these come first: a Vault's configuration asks for them
    std::vector<SetupWrite> writes;
};

/// Reads such a file; files that it names are read from its folder. `invalid` is one line, with the
/// file's own where there is one.
[[nodiscard]] Result<Setup> parse_setup(std::string_view text, const std::string& path);

/// Asks the first Vault and the first API server for all of it, in order, as root and as
/// administrator: their own rules judge it. Past chaos and journal, which are of clients. Ends at
/// the first refusal, with its place in the file and the server's text. Gives what the Vault
/// ignored or replaced of the writes, a line each.
[[nodiscard]] Task<Result<std::vector<std::string>>> apply_setup(Setup setup, FakeServers& servers);

/// What stands for something in a write's data: a text that is "$(WORDS)" and nothing else. Empty
/// where the text is none.
[[nodiscard]] std::string_view reference_in(std::string_view text);

}  // namespace meshproof::fakes
