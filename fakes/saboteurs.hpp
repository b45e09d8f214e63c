#pragma once

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "core/base/assert.hpp"

namespace meshproof::fakes {

/// A deliberate fault of a fake server.
struct Saboteur {
    std::string_view name;    ///< "pki/repeat-serial": where, and what it does wrong
    std::string_view breaks;  ///< what no longer holds
};
/// All that there are; the rooms know them by their names.
inline constexpr std::array all_saboteurs = {
    Saboteur{"auth/takes-any-service-account", "a role takes the service accounts that it names"},
    Saboteur{"auth/remembers-reviews", "every login asks the API server about its token"},
    Saboteur{"capacity/ignored", "a server has the capacity that it was given"},
    Saboteur{"pki/repeat-serial", "every certificate has a serial number of its own"},
    Saboteur{"pki/wrong-csr-key", "a certificate is for the key of its CSR"},
    Saboteur{"pki/first-csr-names", "a certificate is for the names of its CSR"},
    Saboteur{"pki/not-yet-valid", "a certificate is valid as soon as it is signed"},
    Saboteur{"pki/ignores-max-ttl", "no leaf outlives its role's max_ttl"},
    Saboteur{"pki/sign-after-issuer-deleted", "a deleted issuer signs nothing"},
    Saboteur{"seal/serves-while-sealed", "a sealed Vault answers nothing"},
};

/// Which deliberate faults of a fake are on, by name: how a test shows that a monitor, a property
/// or a scenario can fail. A room's saboteurs.cpp has what can be done at a seam of the room; what
/// no seam reaches is one guarded line of the rule:
/// `if (!saboteurs.on("capacity/ignored")) { … }`.
class Saboteurs {
  public:
    Saboteurs() = default;
    explicit Saboteurs(std::set<std::string, std::less<>> names) : names_(std::move(names)) {
        std::ranges::for_each(names_, must_be_known);
    }
    [[nodiscard]] bool on(std::string_view name) const { return names_.contains(name); }
    void add(std::string name) {
        must_be_known(name);
        names_.insert(std::move(name));
    }

  private:
    static void must_be_known(const std::string& name) {
        const auto known = std::ranges::find(all_saboteurs, name, &Saboteur::name);
        MESHPROOF_ASSERT(known != all_saboteurs.end(), "no saboteur is named {}", name);
    }

    std::set<std::string, std::less<>> names_;
};

}  // namespace meshproof::fakes
