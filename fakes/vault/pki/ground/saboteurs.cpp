#include "fakes/vault/pki/ground/saboteurs.hpp"

#include <utility>

namespace meshproof::fakes::vault::pki {

namespace {

struct Saboteur {
    std::string_view name;
    std::string_view breaks;  ///< what no longer holds
    void (*spoil)(ToBeSigned& certificate, SaboteurMemory& memory);
};

const std::vector<Saboteur> table = {
    {"pki/repeat-serial", "every certificate has a serial number of its own",
     [](ToBeSigned& certificate, SaboteurMemory& memory) {
         if (memory.first_serial.empty()) {
             memory.first_serial = certificate.spec.serial;
         }
         certificate.spec.serial = memory.first_serial;
     }},
    {"pki/wrong-csr-key", "a certificate is for the key of its CSR",
     [](ToBeSigned& certificate, SaboteurMemory& memory) {
         if (certificate.of_csr) {
             const auto previous = std::exchange(memory.previous_csr_key, certificate.key);
             certificate.key = previous.value_or(certificate.key);
         }
     }},
    {"pki/not-yet-valid", "a certificate is valid as soon as it is signed",
     [](ToBeSigned& certificate, SaboteurMemory&) {
         certificate.spec.not_before = certificate.now + std::chrono::hours(1);
     }},
};

}  // namespace

void sabotage(Mount& mount, ToBeSigned& certificate) {
    for (const auto& saboteur : table) {
        if (mount.saboteurs->on(saboteur.name)) {
            saboteur.spoil(certificate, mount.saboteur_memory);
        }
    }
}

}  // namespace meshproof::fakes::vault::pki
