#pragma once

#include <map>
#include <string>
#include <vector>

#include "fakes/control/control_port.hpp"
#include "fakes/control/journal.hpp"
#include "fakes/world/fake_servers.hpp"

/// What the control port does, on the servers' event loop. Internal to fakes/control.
namespace meshproof::fakes {

struct ControlAsk {
    std::map<std::string, std::string> query;
    std::string body;
};

struct ControlReply {
    int status = 200;
    nlohmann::json body;
};

struct ControlSubject {
    FakeServers& servers;
    Journal& journal;
    SetUp set_up;  ///< may be empty
};

struct ControlCall {
    std::string method, path;
    Task<ControlReply> (*run)(ControlSubject subject, ControlAsk ask);
};
[[nodiscard]] const std::vector<ControlCall>& control_calls();

[[nodiscard]] ControlReply refused(int status, std::string why);
/// Everything that the servers hold, without secrets.
[[nodiscard]] Task<nlohmann::json> dump_state(FakeServers& servers);
/// A request to a Vault's own rules with its root token, past chaos and journal.
[[nodiscard]] Task<http::Response> ask_as_root(vault::FakeVault& vault, std::string method,
                                               std::string path, nlohmann::json body);

}  // namespace meshproof::fakes
