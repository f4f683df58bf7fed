// The bytes of a file -> certificates, a private key or a public key, in DER, or why they are not that. Reads PEM and DER.
// Checks shapes, not signatures or dates: charon does. Never shows a byte of what it read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vtid::config {

// One certificate or more, in the file's order.
[[nodiscard]] Result<std::vector<std::string>> read_certificates(std::string_view bytes);
// One list of revoked certificates or more: RFC 5280, 5.1.
[[nodiscard]] Result<std::vector<std::string>> read_revocation_lists(std::string_view bytes);
// PKCS#1, PKCS#8 or SEC1, not encrypted. `name` is the file's, for the remedy.
[[nodiscard]] Result<std::string> read_private_key(std::string_view bytes, std::string_view name);
// A SubjectPublicKeyInfo, RFC 5280, 4.1: what PEM calls PUBLIC KEY.
[[nodiscard]] Result<std::string> read_public_key(std::string_view bytes, std::string_view name);

// Of what the functions above gave.
[[nodiscard]] std::string public_key_of(const std::string& certificate);  // its SubjectPublicKeyInfo
[[nodiscard]] bool is_ca(const std::string& certificate);                 // says so in its basicConstraints
[[nodiscard]] std::string key_id_of(const std::string& public_key);       // RFC 5280, 4.2.1.2, method (1), in hex
// Whether the two belong together, as far as the private key says: not all tell their public half.
[[nodiscard]] std::optional<bool> is_pair(const std::string& private_key, const std::string& public_key);

}  // namespace vtid::config
