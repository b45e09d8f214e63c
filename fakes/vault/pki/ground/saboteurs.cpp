#include "fakes/vault/pki/ground/saboteurs.hpp"

#include <utility>

namespace meshproof::fakes::vault::pki {

namespace {

struct Spoiler {
    std::string_view name;  ///< as in fakes/saboteurs.hpp
    void (*spoil)(ToBeSigned& certificate, SaboteurMemory& memory);
};

const std::vector<Spoiler> table = {
    {"pki/repeat-serial",
     [](ToBeSigned& certificate, SaboteurMemory& memory) {
         if (memory.first_serial.empty()) {
             memory.first_serial = certificate.spec.serial;
         }
         certificate.spec.serial = memory.first_serial;
     }},
    {"pki/wrong-csr-key",
     [](ToBeSigned& certificate, SaboteurMemory& memory) {
         if (certificate.of_csr) {
             const auto previous = std::exchange(memory.previous_csr_key, certificate.key);
             certificate.key = previous.value_or(certificate.key);
         }
     }},
    {"pki/first-csr-names",
     [](ToBeSigned& certificate, SaboteurMemory& memory) {
         if (certificate.of_csr && !certificate.spec.is_ca.value_or(false)) {
             memory.first_csr_names = memory.first_csr_names.value_or(certificate.spec.alt_names);
             certificate.spec.alt_names = *memory.first_csr_names;
         }
     }},
    {"pki/ignores-max-ttl",
     [](ToBeSigned& certificate, SaboteurMemory&) {
         if (!certificate.spec.is_ca.value_or(false)) {
             certificate.spec.not_after += certificate.spec.not_after - certificate.now;
         }
     }},
    {"pki/not-yet-valid",
     [](ToBeSigned& certificate, SaboteurMemory&) {
         certificate.spec.not_before = certificate.now + std::chrono::hours(1);
     }},
};

}  // namespace

void sabotage(Mount& mount, ToBeSigned& certificate) {
    for (const auto& spoiler : table) {
        if (mount.saboteurs->on(spoiler.name)) {
            spoiler.spoil(certificate, mount.saboteur_memory);
        }
    }
}

}  // namespace meshproof::fakes::vault::pki
