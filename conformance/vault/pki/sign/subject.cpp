// The subject of a leaf: what of the CSR's gets in, and what of the role's.
#include <algorithm>

#include "conformance/steps.hpp"

namespace meshproof::conformance {

std::vector<Check> vault_pki_sign_subject() {
    return {
        {.name = "only-the-common-name",
         .requirement =
             "Of the CSR's subject the common name alone gets into the leaf; the rest is "
             "dropped in silence.",
         .rows = {115},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount = co_await steps::issuing_mount(probe);
             crypto::Csr::Spec spec;
             spec.subject.common_name = "web.test";
             spec.subject.organization = {"Evil"};
             spec.subject.organizational_unit = {"Unit"};
             spec.subject.country = {"XX"};
             spec.subject.locality = {"Here"};
             const auto reply = co_await steps::sign(probe, mount, steps::csr(spec));
             probe.expect_no_warning(reply);
             crypto::Subject expected;
             expected.common_name = "web.test";
             const auto leaf = steps::leaf_of(probe, reply);
             probe.expect(leaf.subject() == expected, "the subject is {}", leaf.subject_line());
         }},

        {.name = "of-the-role",
         .requirement =
             "Organization, unit, country, locality, province, street and postal code are "
             "the role's.",
         .rows = {115},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const Json parameters{{"organization", "Org A,Org B"},
                                   {"ou", "Unit"},
                                   {"country", "DE"},
                                   {"locality", "Berlin"},
                                   {"province", "BE"},
                                   {"street_address", "A street 1"},
                                   {"postal_code", "10115"}};
             const auto mount = co_await steps::issuing_mount(probe, parameters);
             crypto::Csr::Spec spec;
             spec.subject.common_name = "web.test";
             spec.subject.organization = {"Evil"};
             const auto reply = co_await steps::sign(probe, mount, steps::csr(spec));
             auto subject = steps::leaf_of(probe, reply).subject();
             std::ranges::sort(subject.organization);
             crypto::Subject expected;
             expected.common_name = "web.test";
             expected.organization = {"Org A", "Org B"};
             expected.organizational_unit = {"Unit"};
             expected.country = {"DE"};
             expected.locality = {"Berlin"};
             expected.province = {"BE"};
             expected.street_address = {"A street 1"};
             expected.postal_code = {"10115"};
             probe.expect(subject == expected, "the subject is {}",
                          steps::leaf_of(probe, reply).subject_line());
         }},

        {.name = "serial-number",
         .requirement = "A serialNumber that allowed_serial_numbers allows gets into the subject, "
                        "from the CSR or the request.",
         .rows = {115},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allowed_serial_numbers", "7-*"}});
             crypto::Csr::Spec spec;
             spec.subject.serial_number = "7-1";
             const auto of_csr = co_await steps::sign(probe, mount, steps::csr(spec));
             probe.expect_equal(steps::leaf_of(probe, of_csr).subject().serial_number, "7-1",
                                "serialNumber of the CSR");
             const auto asked = co_await steps::sign(probe, mount, steps::workload_csr(),
                                                     Json{{"serial_number", "7-2"}});
             probe.expect_equal(steps::leaf_of(probe, asked).subject().serial_number, "7-2",
                                "serialNumber of the request");
         }},

        {.name = "serial-number-refused",
         .requirement = "Any other serialNumber is refused, and without allowed_serial_numbers "
                        "every one.",
         .rows = {115},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"allowed_serial_numbers", "7-*"}});
             crypto::Csr::Spec spec;
             spec.subject.serial_number = "8-1";
             const auto other = co_await steps::sign(probe, mount, steps::csr(spec));
             probe.expect_plain_error(other, 400, "serial_number 8-1 not allowed by this role");
             (void)co_await steps::role(probe, mount, Json::object(), "none");
             spec.subject.serial_number = "7-1";
             const auto none = co_await steps::sign(probe, mount, steps::csr(spec), {}, "none");
             probe.expect_plain_error(none, 400, "serial_number 7-1 not allowed by this role");
         }},

        {.name = "of-the-role-once",
         .requirement = "What a role's subject names twice is in the leaf once.",
         .rows = {115, 222},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto mount =
                 co_await steps::issuing_mount(probe, Json{{"organization", "a,b,a"}});
             const auto reply = co_await steps::sign(probe, mount, steps::workload_csr());
             auto subject = steps::leaf_of(probe, reply).subject();
             std::ranges::sort(subject.organization);
             probe.expect_equal(subject.organization, Json::array({"a", "b"}), "organization");
         }},
    };
}

}  // namespace meshproof::conformance
