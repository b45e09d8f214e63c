// SPIFFE IDs: what a target makes of URIs, good and bad, against rules I1 to I6. Vault and OpenBao
// know nothing of SPIFFE: a role's patterns are all that stands between a caller and an ID.
#include "conformance/svid/steps.hpp"

namespace meshproof::conformance {
namespace {

using namespace svid;
using spiffe::RuleState;

Json patterns(std::string value) {
    Json role = Json::object();
    role["allowed_uri_sans"] = std::move(value);
    return role;
}

/// A root with two roles: "mesh" for spiffe://example.org/*, "wide" for all that begins with
/// spiffe:.
Task<std::string> two_roles(Probe& probe) {
    const auto root = co_await make_root(probe);
    co_await make_role(probe, root.mount);
    co_await make_role(probe, root.mount, patterns("spiffe:*"), "wide");
    co_return root.mount + "/sign/";
}

/// `path` signs the URI as `written`, and these rules are broken.
Task<void> expect_signed(Probe& probe, std::string path, std::string uri, std::string written,
                         std::vector<std::string> broken) {
    const auto made = co_await sign(probe, std::move(path), asking_for({uri}));
    expect_uris(probe, made.leaf, {written});
    expect_broken(probe, spiffe::check_leaf(made.leaf), broken, uri);
}

Task<void> expect_refused(Probe& probe, std::string path, std::string uri, std::string text) {
    const auto reply = co_await ask_to_sign(probe, std::move(path), asking_for({std::move(uri)}));
    probe.expect_error(reply, 400, text);
}

constexpr const char* not_valid = "not valid for this role";
constexpr const char* not_parsed =
    "certificate request could not be parsed: x509: cannot parse URI";

}  // namespace

std::vector<Check> svid_id() {
    return {
        {.name = "istio-convention",
         .requirement = "A role with spiffe://TRUST-DOMAIN/ns/*/sa/* signs the IDs of Istio's "
                        "convention and no others of the domain.",
         .rows = {112},
         .rules = {"I4"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount, patterns("spiffe://example.org/ns/*/sa/*"));
             const auto path = root.mount + "/sign/mesh";
             co_await expect_signed(probe, path, id, id, none);
             co_await expect_refused(probe, path, "spiffe://example.org/node/a", not_valid);
         }},

        {.name = "scheme-in-lower-case",
         .requirement = "A CSR's SPIFFE: becomes spiffe:, before it is compared with the role's "
                        "patterns; the path keeps its case.",
         .rows = {112},
         .rules = {"I1", "I6"},
         .source = "RFC 3986 3.1",
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe) + "mesh";
             co_await expect_signed(probe, path, "SPIFFE://example.org/Web",
                                    "spiffe://example.org/Web", none);
         }},

        {.name = "other-schemes-need-their-pattern",
         .requirement = "A role for spiffe: URIs refuses URIs with another scheme, without one, "
                        "and empty ones.",
         .rows = {111, 112},
         .rules = {"I1"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe);
             for (const auto* uri : {"http://example.org/web", "spiffee://example.org/web",
                                     "//example.org/web", ""}) {
                 co_await expect_refused(probe, path + "mesh", uri, not_valid);
             }
         }},

        {.name = "query-and-fragment-pass",
         .requirement = "A query or fragment passes a pattern that ends in a star and is signed, "
                        "though no SPIFFE ID has one.",
         .rules = {"I1"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe) + "mesh";
             co_await expect_signed(probe, path, id + "?a=b", id + "?a=b", {"I1"});
             co_await expect_signed(probe, path, id + "#a", id + "#a", {"I1"});
             co_await expect_signed(probe, path, id + "?", id + "?", {"I1"});
         }},

        {.name = "an-empty-fragment-goes",
         .requirement = "An empty fragment is gone from the leaf, whose ID is then right.",
         .rules = {"I1"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe) + "mesh";
             co_await expect_signed(probe, path, id + "#", id, none);
         }},

        {.name = "a-domain-keeps-its-case",
         .requirement = "A trust domain with capitals does not match a pattern without, and is "
                        "signed as it is where a pattern allows it.",
         .rows = {112},
         .rules = {"I2", "I6"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe);
             const std::string capital = "spiffe://Example.org/web";
             co_await expect_refused(probe, path + "mesh", capital, not_valid);
             co_await expect_signed(probe, path + "wide", capital, capital, {"I2"});
         }},

        {.name = "a-path-is-compared-with-its-case",
         .requirement = "A pattern matches a path in its own case only.",
         .rows = {112},
         .rules = {"I6"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount, patterns(id));
             const auto path = root.mount + "/sign/mesh";
             co_await expect_signed(probe, path, id, id, none);
             co_await expect_refused(probe, path, "spiffe://example.org/ns/default/sa/WEB",
                                     not_valid);
         }},

        {.name = "user-and-port-need-a-wide-pattern",
         .requirement = "A pattern with the trust domain in it refuses user-info and port; a wide "
                        "one lets them be signed, though no SPIFFE ID has them.",
         .rows = {112},
         .rules = {"I2"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe);
             for (const std::string uri :
                  {"spiffe://web@example.org/a", "spiffe://example.org:8443/a",
                   "spiffe://example.org:/a"}) {
                 co_await expect_refused(probe, path + "mesh", uri, not_valid);
                 co_await expect_signed(probe, path + "wide", uri, uri, {"I2"});
             }
         }},

        {.name = "domains-that-are-no-hosts-are-refused",
         .requirement = "A trust domain with an escape, a space, an empty label, a dot at its end "
                        "or a port that is none is refused with the CSR.",
         .rows = {101},
         .rules = {"I2"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe) + "wide";
             for (const auto* uri :
                  {"spiffe://ex%61mple.org/a", "spiffe://exa mple.org/a", "spiffe://example..org/a",
                   "spiffe://example.org./a", "spiffe://example.org:x/a"}) {
                 co_await expect_refused(probe, path, uri, not_parsed);
             }
         }},

        {.name = "empty-domains-need-a-wide-pattern",
         .requirement = "A pattern with the trust domain in it refuses a URI without one; a wide "
                        "one lets it be signed.",
         .rows = {112},
         .rules = {"I2"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe);
             for (const std::string uri : {"spiffe:///web", "spiffe:/example.org/web"}) {
                 co_await expect_refused(probe, path + "mesh", uri, not_valid);
                 co_await expect_signed(probe, path + "wide", uri, uri, {"I2"});
             }
         }},

        {.name = "ip-addresses-are-names",
         .requirement = "A trust domain that looks like an IPv4 address is signed like any other; "
                        "an IPv6 address is signed where a pattern allows it, though it can be "
                        "none.",
         .rules = {"I3"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe) + "wide";
             const std::string ipv4 = "spiffe://10.1.2.3/web";
             const auto made = co_await sign(probe, path, asking_for({ipv4}));
             expect_uris(probe, made.leaf, {ipv4});
             const auto findings = spiffe::check_leaf(made.leaf);
             expect_broken(probe, findings, none, ipv4);
             expect_state(probe, findings, "I3", RuleState::holds);
             const std::string ipv6 = "spiffe://[2001:db8::1]/web";
             co_await expect_signed(probe, path, ipv6, ipv6, {"I2", "I3"});
         }},

        {.name = "paths-are-not-cleaned",
         .requirement = "Dot segments, empty segments, a slash at the end, stars, tildes and "
                        "escapes pass a pattern that ends in a star and are signed as they are.",
         .rows = {112},
         .rules = {"I4"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe) + "mesh";
             for (const std::string tail : {"a/../b", "./a", "a//b", "a/", "*", "~a", "w%65b"}) {
                 const auto uri = "spiffe://example.org/" + tail;
                 co_await expect_signed(probe, path, uri, uri, {"I4"});
             }
         }},

        {.name = "paths-are-escaped-where-they-must-be",
         .requirement = "A space in a path is signed as %20, and an escape that is none is refused "
                        "with the CSR.",
         .rules = {"I4"},
         .level = Level::may,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe) + "mesh";
             co_await expect_signed(probe, path, "spiffe://example.org/a b",
                                    "spiffe://example.org/a%20b", {"I4"});
             co_await expect_refused(probe, path, "spiffe://example.org/%zz", not_parsed);
         }},

        {.name = "a-star-takes-slashes",
         .requirement = "A star in the middle of a pattern matches several segments of a path.",
         .rows = {112},
         .rules = {"I4"},
         .level = Level::should,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount, patterns("spiffe://example.org/ns/*/sa/web"));
             const auto path = root.mount + "/sign/mesh";
             const std::string deep = "spiffe://example.org/ns/a/sa/b/sa/web";
             co_await expect_signed(probe, path, deep, deep, none);
         }},

        {.name = "a-star-after-the-domain-takes-others",
         .requirement = "A star right after the trust domain matches every trust domain that "
                        "begins like it: patterns need the slash.",
         .rows = {112},
         .rules = {"I2"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto root = co_await make_root(probe);
             co_await make_role(probe, root.mount);
             co_await make_role(probe, root.mount, patterns("spiffe://example.org*"), "careless");
             const std::string other = "spiffe://example.org.evil.com/web";
             co_await expect_refused(probe, root.mount + "/sign/mesh", other, not_valid);
             co_await expect_signed(probe, root.mount + "/sign/careless", other, other, none);
         }},

        {.name = "long-ids-pass-whole",
         .requirement = "IDs of 2048 bytes and trust domains of 255 pass whole, and longer ones "
                        "do, too.",
         .rules = {"I5"},
         .level = Level::must,
         .run = [](Probe& probe) -> Task<void> {
             const auto path = co_await two_roles(probe) + "wide";
             const std::string head = "spiffe://example.org/";
             const auto longest = head + std::string(2048 - head.size(), 'a');
             co_await expect_signed(probe, path, longest, longest, none);
             co_await expect_signed(probe, path, longest + "a", longest + "a", {"I5"});
             const auto wide = "spiffe://" + std::string(255, 'd') + "/web";
             co_await expect_signed(probe, path, wide, wide, none);
         }},
    };
}

}  // namespace meshproof::conformance
