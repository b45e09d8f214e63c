#include "fakes/vault/pki/revoke/tidy.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "fakes/vault/logical/go_text.hpp"
#include "fakes/vault/pki/ground/crl.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

// How few certificates OpenBao looks at in one go.
constexpr std::int64_t smallest_page = 5;

const std::vector<std::string>& operations(const Mount& mount) {
    static const std::vector<std::string> openbao = {"tidy_cert_store",
                                                     "tidy_revoked_certs",
                                                     "tidy_invalid_certs",
                                                     "tidy_revoked_cert_issuer_associations",
                                                     "tidy_expired_issuers",
                                                     "tidy_move_legacy_ca_bundle",
                                                     "tidy_acme"};
    static const std::vector<std::string> vault = {"tidy_cert_store",
                                                   "tidy_revoked_certs",
                                                   "tidy_revoked_cert_issuer_associations",
                                                   "tidy_expired_issuers",
                                                   "tidy_move_legacy_ca_bundle",
                                                   "tidy_revocation_queue",
                                                   "tidy_cross_cluster_revoked_certs",
                                                   "tidy_acme"};
    return mount.openbao() ? openbao : vault;
}

std::string choose_one(const Mount& mount) {
    return "Enable at least one tidy operation to be run (" + join(operations(mount), " / ") + ").";
}

// The settings of a tidy as they are printed, before the request changes them.
Json defaults(const Mount& mount) {
    Json data = {{"safety_buffer", 259200},
                 {"issuer_safety_buffer", 31536000},
                 {"acme_account_safety_buffer", 2592000},
                 {"pause_duration", "0s"}};
    for (const auto& operation : operations(mount)) {
        data[operation] = false;
    }
    if (mount.openbao()) {
        data["page_size"] = 1000;
        data["revoked_safety_buffer"] = 259200;
    } else {
        data["revocation_queue_safety_buffer"] = 172800;
    }
    return data;
}

void take(const Mount& mount, const PkiCall& call, Json& settings) {
    for (const auto& operation : operations(mount)) {
        if (call.fields.has(operation)) {
            settings[operation] = call.fields.boolean(operation);
        }
    }
    if (call.fields.boolean("tidy_revocation_list") && call.request.path == "tidy") {
        settings["tidy_revoked_certs"] = true;
    }
    for (const auto* buffer :
         {"safety_buffer", "issuer_safety_buffer", "acme_account_safety_buffer",
          "revocation_queue_safety_buffer", "revoked_safety_buffer"}) {
        if (call.fields.has(buffer)) {
            settings[buffer] = whole_seconds(call.fields.duration(buffer));
        }
    }
    if (call.fields.has("page_size")) {
        settings["page_size"] = call.fields.integer("page_size");
    }
}

bool nothing_selected(const Mount& mount, const Json& settings) {
    const auto& all = operations(mount);
    return std::ranges::none_of(
        all, [&](const auto& one) { return settings[one].template get<bool>(); });
}

// What the selected operations remove. It ends before the answer does, as no one can look in
// between.
void run(Mount& mount, Time now, Json& status) {
    const auto safety = std::chrono::seconds(status["safety_buffer"].get<std::int64_t>());
    const auto over = [&](const crypto::Certificate& certificate) {
        return certificate.not_after() + safety < now;
    };
    std::size_t certificates = 0, revoked = 0;
    if (status["tidy_cert_store"] == true) {
        certificates =
            std::erase_if(mount.certificates, [&](const auto& one) { return over(one.second); });
    }
    if (status["tidy_revoked_certs"] == true) {
        std::set<std::string> gone;
        for (const auto& [serial, revocation] : mount.revocations) {
            if (over(revocation.certificate)) {
                gone.insert(serial);
            }
        }
        for (const auto& serial : gone) {
            mount.revocations.erase(serial);
            mount.certificates.erase(serial);
        }
        revoked = gone.size();
        if (revoked > 0) {
            (void)crls_changed(mount, now);
        }
    }
    status["cert_store_deleted_count"] = certificates;
    status["revoked_cert_deleted_count"] = revoked;
    for (const auto* counter :
         {"missing_issuer_cert_count", "acme_account_deleted_count", "acme_account_revoked_count",
          "acme_orders_deleted_count", "total_acme_account_count"}) {
        status[counter] = 0;
    }
    if (!mount.openbao()) {
        status["cross_revoked_cert_deleted_count"] = 0;
        status["revocation_queue_deleted_count"] = 0;
    }
    status["internal_backend_uuid"] = mount.uuid;
    status["state"] = "Finished";
    status["time_started"] = rfc3339_nano(now);
    status["time_finished"] = rfc3339_nano(now);
    status["last_auto_tidy_finished"] = rfc3339_nano(now);
    for (const auto* name :
         {"error", "message", "current_cert_store_count", "current_revoked_cert_count"}) {
        status[name] = Json();
    }
}

// `cannot`: how the endpoint begins what it says of a text that is no duration. "" is no pause.
Checked<> take_pause(const Mount& mount, const PkiCall& call, std::string_view cannot,
                     Json& settings) {
    if (!call.fields.has("pause_duration")) {
        return {};
    }
    const auto pause = read_duration(call.fields.text("pause_duration"), mount.product);
    if (!pause) {
        return refuse(fmt::format("{} pause_duration: {}", cannot, pause.error()));
    }
    if (*pause < Duration{}) {
        return refuse("received invalid, negative pause_duration");
    }
    settings["pause_duration"] = go_duration(*pause);
    return {};
}

// The buffers of a tidy by hand, in the order in which they are looked at.
Checked<> check_buffers(const Json& settings) {
    for (const auto* buffer : {"safety_buffer", "revoked_safety_buffer", "issuer_safety_buffer",
                               "revocation_queue_safety_buffer", "acme_account_safety_buffer"}) {
        if (settings.value(buffer, 1) == 0) {
            const bool revoked = buffer == std::string_view("revoked_safety_buffer");
            return refuse(fmt::format("{} must be greater than zero",
                                      revoked ? "revokedSafetyBuffer" : buffer));
        }
    }
    return {};
}

// The same of a tidy by itself, where only what is given is looked at.
Checked<> take_automatic(const Mount& mount, const PkiCall& call, Json& settings) {
    const auto check = [&](std::string_view buffer, std::string_view named) -> Checked<> {
        if (call.fields.has(buffer) && settings.value(buffer, std::int64_t{1}) < 1) {
            return refuse(fmt::format("{} must be at least one second; got: 0", named));
        }
        return {};
    };
    if (auto buffer = check("safety_buffer", "given safety_buffer"); !buffer) {
        return buffer;
    }
    if (auto buffer = check("revoked_safety_buffer", "revoked_safety_buffer"); !buffer) {
        return buffer;
    }
    if (auto pause = take_pause(mount, call, "unable to parse given", settings); !pause) {
        return pause;
    }
    if (call.fields.has("page_size") && call.fields.integer("page_size") < smallest_page) {
        return refuse(fmt::format("page_size must be at least {}", smallest_page));
    }
    for (const auto& [buffer, named] :
         {std::pair("issuer_safety_buffer", "given safety_buffer"),
          std::pair("revocation_queue_safety_buffer", "given revocation_queue_safety_buffer"),
          std::pair("acme_account_safety_buffer", "given acme_account_safety_buffer")}) {
        if (auto length = check(buffer, named); !length) {
            return length;
        }
    }
    return {};
}

// Until it is given, OpenBao's buffer of what is revoked follows the other.
Json with_revoked_buffer(const Mount& mount, Json settings) {
    if (mount.openbao() && !settings.contains("revoked_safety_buffer")) {
        settings["revoked_safety_buffer"] = settings["safety_buffer"];
    }
    return settings;
}

}  // namespace

BackendResponse tidy(Mount& mount, const PkiCall& call) {
    auto settings = defaults(mount);
    settings.erase("revoked_safety_buffer");
    take(mount, call, settings);
    settings = with_revoked_buffer(mount, std::move(settings));
    if (const auto buffers = check_buffers(settings); !buffers) {
        return buffers.error();
    }
    if (const auto taken = take_pause(mount, call, "Error parsing", settings); !taken) {
        return taken.error();
    }
    // 0 and less pass.
    if (const auto page = call.fields.integer("page_size"); page > 0 && page < smallest_page) {
        return BackendResponse::error("page_size must be greater than five");
    }
    auto answer = BackendResponse::with(Json());
    answer.status = 202;
    const bool nothing = nothing_selected(mount, settings);
    // It starts none the less.
    run(mount, call.now(), settings);
    mount.timers.last_tidy = call.now();
    mount.tidy_status = std::move(settings);
    if (nothing) {
        answer.warnings.push_back("Manual tidy requested but no tidy operations were set. " +
                                  choose_one(mount));
        return answer;
    }
    answer.warnings.push_back(
        fmt::format("Tidy operation successfully started. Any information from the operation will "
                    "be printed to {}'s server logs.",
                    mount.openbao() ? "OpenBao" : "Vault"));
    return answer;
}

void tidy_automatically(Mount& mount, Time now) {
    auto status = with_revoked_buffer(mount, mount.auto_tidy);
    for (const auto* only_of_auto_tidy :
         {"enabled", "interval_duration", "maintain_stored_certificate_counts",
          "publish_stored_certificate_count_metrics"}) {
        status.erase(only_of_auto_tidy);
    }
    run(mount, now, status);
    mount.tidy_status = std::move(status);
}

BackendResponse tidy_cancel(Mount&, const PkiCall&) {
    return BackendResponse::with(
        Json(), {"Tidy operation cannot be cancelled as none is currently running."});
}

BackendResponse read_tidy_status(Mount& mount, const PkiCall&) {
    if (!mount.tidy_status.is_null()) {
        return BackendResponse::with(mount.tidy_status);
    }
    auto status = defaults(mount);
    status.erase("revocation_queue_safety_buffer");
    for (const auto* key :
         {"acme_account_deleted_count", "acme_account_revoked_count", "acme_orders_deleted_count",
          "cert_store_deleted_count", "current_cert_store_count", "current_revoked_cert_count",
          "error", "message", "missing_issuer_cert_count", "revoked_cert_deleted_count",
          "time_finished", "time_started", "total_acme_account_count"}) {
        status[key] = Json();
    }
    if (!mount.openbao()) {
        status["cross_revoked_cert_deleted_count"] = Json();
        status["revocation_queue_deleted_count"] = Json();
    }
    for (auto& value : status) {
        value = Json();
    }
    status["state"] = "Inactive";
    status["internal_backend_uuid"] = mount.uuid;
    return BackendResponse::with(std::move(status));
}

BackendResponse read_auto_tidy(Mount& mount, const PkiCall&) {
    if (mount.auto_tidy.is_null()) {
        mount.auto_tidy = defaults(mount);
        mount.auto_tidy.erase("revoked_safety_buffer");
        mount.auto_tidy["enabled"] = false;
        mount.auto_tidy["interval_duration"] = 43200;
        mount.auto_tidy["maintain_stored_certificate_counts"] = false;
        mount.auto_tidy["publish_stored_certificate_count_metrics"] = false;
    }
    return BackendResponse::with(with_revoked_buffer(mount, mount.auto_tidy));
}

BackendResponse write_auto_tidy(Mount& mount, const PkiCall& call) {
    (void)read_auto_tidy(mount, call);
    auto settings = mount.auto_tidy;
    take(mount, call, settings);
    settings["enabled"] = call.fields.boolean("enabled", settings["enabled"].get<bool>());
    if (call.fields.has("interval_duration")) {
        settings["interval_duration"] = whole_seconds(call.fields.duration("interval_duration"));
    }
    for (const auto* flag :
         {"maintain_stored_certificate_counts", "publish_stored_certificate_count_metrics"}) {
        settings[flag] = call.fields.boolean(flag, settings[flag].get<bool>());
    }
    if (const auto taken = take_automatic(mount, call, settings); !taken) {
        return taken.error();
    }
    if (settings["enabled"] == true && nothing_selected(mount, settings)) {
        return BackendResponse::error("Auto-tidy enabled but no tidy operations were requested. " +
                                      choose_one(mount));
    }
    if (settings["publish_stored_certificate_count_metrics"] == true &&
        settings["maintain_stored_certificate_counts"] == false) {
        return BackendResponse::error(
            "Can not publish a running storage metrics count to metrics without first maintaining "
            "that count.  Enable `maintain_stored_certificate_counts` to enable "
            "`publish_stored_certificate_count_metrics`.");
    }
    mount.auto_tidy = std::move(settings);
    return read_auto_tidy(mount, call);
}

}  // namespace meshproof::fakes::vault::pki
