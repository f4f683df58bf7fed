// Reads the configuration file and what it names beside it. Refuses secrets that others can read.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "config/parse.h"

namespace vtid::daemon {

// "cannot open /etc/vtid/vtid.json: Permission denied", from errno, right after the call that failed.
[[nodiscard]] std::unexpected<Error> file_failure(std::string_view what, const std::filesystem::path& path);

// A whole file of at most config::kLongestFile bytes.
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& path);

// Reads secrets relative to `folder`: at most 65,535 bytes, regular, owned by us or root, closed to group and others. One
// trailing newline is not part of the secret.
[[nodiscard]] config::SecretReader secret_reader(std::filesystem::path folder);
// The same for private keys, which keep their last byte, and of certificates only that they are regular and not longer.
[[nodiscard]] config::Readers file_readers(const std::filesystem::path& folder);

// The file, read and parsed; a file that cannot be read is a finding.
[[nodiscard]] config::Parsed read_config(const std::filesystem::path& path);

// Replaces `path` as a whole: a reader sees the old text or the new, also after a crash. Mode 0600.
[[nodiscard]] Result<void> write_text(const std::filesystem::path& path, std::string_view text);

}  // namespace vtid::daemon
