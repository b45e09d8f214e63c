#include "fakes/vault/pki/ground/pem.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace meshproof::fakes::vault::pki {

namespace {

struct PemText {
    std::vector<PemBlock> blocks;
    std::string_view rest;  ///< what follows the last block
};

PemText read_blocks(std::string_view text) {
    constexpr std::string_view begin = "-----BEGIN ", end = "-----END ", dashes = "-----";
    PemText read{{}, text};
    if (text.size() > longest_pem) {
        return read;
    }
    std::optional<PemBlock> open;
    std::string base64;
    while (!text.empty()) {
        const auto raw = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(raw.size() + 1, text.size()));
        // A block begins with its line, but blanks may end it.
        const auto line = raw.substr(0, raw.find_last_not_of(" \t\r") + 1);
        if (!open) {
            if (line.starts_with(begin) && line.size() > begin.size() + dashes.size() &&
                line.ends_with(dashes)) {
                open = PemBlock{std::string(line.substr(
                                    begin.size(), line.size() - begin.size() - dashes.size())),
                                {}};
                base64.clear();
            }
            continue;
        }
        if (line.starts_with(end)) {
            if (auto der = from_base64(base64);
                der && !der->empty() && line == fmt::format("{}{}{}", end, open->label, dashes)) {
                open->der = std::move(*der);
                read.blocks.push_back(std::move(*open));
                read.rest = text;
            }
            open.reset();
        } else if (line.find(':') == std::string_view::npos) {
            base64 += line;
        }
    }
    return read;
}

}  // namespace

std::vector<PemBlock> pem_blocks(std::string_view text) {
    return read_blocks(text).blocks;
}

bool junk_after_blocks(std::string_view text) {
    return !trim(read_blocks(text).rest).empty();
}

std::string pem_of(const PemBlock& block) {
    const auto base64 = to_base64(block.der);
    auto text = fmt::format("-----BEGIN {}-----\n", block.label);
    for (std::size_t at = 0; at < base64.size(); at += 64) {
        text += base64.substr(at, 64) + "\n";
    }
    return text + fmt::format("-----END {}-----\n", block.label);
}

std::string pem_text(const crypto::Certificate& certificate) {
    return std::string(trim(certificate.pem()));
}

std::string pem_text(const crypto::Csr& csr) {
    return std::string(trim(csr.pem()));
}

PrivateKeyText private_key_text(const crypto::Key& key, std::string_view format,
                                std::string_view private_key_format) {
    const auto pem = private_key_format == "pkcs8" ? key.pkcs8_pem() : key.traditional_pem();
    PrivateKeyText text{key.public_key().algorithm(), std::string(trim(pem))};
    if (format == "der") {
        text.text = to_base64(pem_blocks(pem).front().der);
    }
    return text;
}

std::string certificate_text(const crypto::Certificate& certificate, std::string_view format) {
    return format == "der" ? to_base64(certificate.der()) : pem_text(certificate);
}

std::vector<std::string> certificate_texts(const std::vector<crypto::Certificate>& chain,
                                           std::string_view format) {
    std::vector<std::string> texts;
    for (const auto& certificate : chain) {
        texts.push_back(certificate_text(certificate, format));
    }
    return texts;
}

}  // namespace meshproof::fakes::vault::pki
