#include "fakes/vault/pki/ca/keys.hpp"

#include <algorithm>

#include "core/crypto/key_id.hpp"
#include "fakes/vault/pki/ca/import.hpp"
#include "fakes/vault/pki/ground/issuer_store.hpp"
#include "fakes/vault/pki/ground/key_types.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

std::string issuers_of_key(const Mount& mount, const std::string& key_id) {
    for (const auto& issuer : mount.issuers) {
        if (issuer.key_id == key_id) {
            return issuer.id;
        }
    }
    return {};
}

// Keys that a KMS holds are not played: none is configured.
BackendResponse key_elsewhere(const Mount& mount, const PkiCall& call) {
    if (!mount.openbao()) {
        const auto fault = managed_key_fault(call);
        return BackendResponse::go_error(std::string(fault.empty() ? no_managed_keys : fault));
    }
    if (external_key_reference(call).empty()) {
        return BackendResponse::error(
            "\"external_key_ref\" is required for kms typed key generation");
    }
    return BackendResponse::go_error("failed to get external key signer: " +
                                     missing_external_key(call));
}

Json key_json(const SigningKey& key) {
    return {
        {"key_id", key.id}, {"key_name", key.name}, {"key_type", key.key.public_key().algorithm()}};
}

}  // namespace

BackendResponse list_keys(Mount& mount, const PkiCall&) {
    std::vector<std::string> ids;
    Json info = Json::object();
    for (const auto& key : mount.keys) {
        ids.push_back(key.id);
        info[key.id] = {{"key_name", key.name}, {"is_default", key.id == mount.default_key}};
    }
    std::ranges::sort(ids);
    auto answer = list_answer(ids);
    if (!ids.empty()) {
        answer.data["key_info"] = std::move(info);
    }
    return answer;
}

BackendResponse read_key(Mount& mount, const PkiCall& call) {
    const auto key = find_key(mount, call.captured("key_ref"));
    if (!key) {
        return BackendResponse::go_error(key.error());
    }
    auto data = key_json(**key);
    data["subject_key_id"] = crypto::key_id_text((*key)->key.public_key().key_id());
    return BackendResponse::with(data);
}

BackendResponse write_key(Mount& mount, const PkiCall& call) {
    const auto key = find_key(mount, call.captured("key_ref"));
    if (!key) {
        return BackendResponse::go_error(key.error());
    }
    // Unlike at creation, "default" is taken as a name here.
    if (const auto name = call.fields.text("key_name"); name != (*key)->name) {
        if (!name.empty() && !is_name(name)) {
            return BackendResponse::error("new key name outside of valid character limits");
        }
        if (!name.empty() && name != "default" && find_key(mount, name)) {
            return BackendResponse::error("key name already in use");
        }
        (*key)->name = name;
    }
    if (call.fields.text("key_name").empty()) {
        return BackendResponse::with(
            key_json(**key),
            {"Name successfully deleted, you will now need to reference this key by it's Id: " +
             (*key)->id});
    }
    return BackendResponse::with(key_json(**key));
}

BackendResponse delete_key(Mount& mount, const PkiCall& call) {
    const auto key = find_key(mount, call.captured("key_ref"));
    if (!key) {
        return BackendResponse::nothing();
    }
    const auto id = (*key)->id;
    if (const auto user = issuers_of_key(mount, id); !user.empty()) {
        return BackendResponse::error("Failed to Delete Key.  Key in Use by Issuer: " + user);
    }
    std::erase_if(mount.keys, [&](const auto& one) { return one.id == id; });
    if (mount.default_key != id) {
        return BackendResponse::nothing();
    }
    mount.default_key.clear();
    return BackendResponse::with(
        Json(), {fmt::format("Deleted key {} (via key_ref {}); this was configured as the default "
                             "key. Operations without an explicit key will not work until a new "
                             "default is configured.",
                             id, call.captured("key_ref"))});
}

BackendResponse generate_key(Mount& mount, const PkiCall& call) {
    const bool exported = call.request.path.ends_with("exported");
    const auto name = new_key_name(mount, call);
    if (!name) {
        return name.error();
    }
    if (call.request.path.ends_with("kms")) {
        return key_elsewhere(mount, call);
    }
    if (!external_key_reference(call).empty()) {
        return BackendResponse::error(
            "cannot specify \"external_key_ref\" on non-kms typed key generation request");
    }
    const auto word = call.fields.text("key_type", "rsa");
    if (word == "any") {  // a role's word, known to the validation and to nothing else
        return BackendResponse::go_error(std::string(no_such_key));
    }
    const auto type = key_type_of(word, call.fields.integer("key_bits"));
    if (!type) {
        return BackendResponse::error("Validation for key_type, key_bits failed: " +
                                      type.error().text);
    }
    const auto* key = add_key(mount, crypto::Key::generate(*type), *name).key;
    auto data = key_json(*key);
    if (exported) {
        data["private_key"] = private_key_text(key->key, "pem", "").text;
    }
    return BackendResponse::with(data);
}

BackendResponse import_key(Mount& mount, const PkiCall& call) {
    const auto name = new_key_name(mount, call);
    if (!name) {
        return name.error();
    }
    const auto pem = call.fields.text("pem_bundle");
    const auto blocks = bundle_blocks(mount, pem, 64);
    if (!blocks) {
        return blocks.error();
    }
    if (blocks->size() > 1) {
        return BackendResponse::error(
            "only a single key can be present within the pem_bundle for importing");
    }
    const auto key = known_key(pem);
    if (!key) {
        return BackendResponse::error("failed to parse PEM block: " + key.error().message);
    }
    const auto imported = add_key(mount, *key, *name);
    auto answer = BackendResponse::with(key_json(*imported.key));
    if (imported.existing) {
        answer.warnings.emplace_back("Key already imported, use key/ endpoint to update name.");
    }
    return answer;
}

BackendResponse read_keys_config(Mount& mount, const PkiCall&) {
    return BackendResponse::with({{"default", mount.default_key}});
}

BackendResponse write_keys_config(Mount& mount, const PkiCall& call) {
    const auto reference = call.fields.text("default");
    if (reference.empty() || reference == "default") {
        return BackendResponse::error(
            "Invalid key specification; must be non-empty and can't be 'default'.");
    }
    const auto key = find_key(mount, reference);
    if (!key) {
        return BackendResponse::error("Error resolving issuer reference: " + key.error());
    }
    mount.default_key = (*key)->id;
    return read_keys_config(mount, call);
}

}  // namespace meshproof::fakes::vault::pki
