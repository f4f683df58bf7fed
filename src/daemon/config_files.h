// The configuration file and what it names beside it: read, judged by who else may write or read them, and parsed. What others
// may write is refused, because the file says which programs run as root and whom tunnels trust.
#pragma once

#include <filesystem>
#include <string_view>

#include "config/parse.h"

namespace vtid::daemon {

// The configuration that is to run. What cannot be read, or may be written by others (it, its folder, the program of
// "on_change"), is an error.
[[nodiscard]] config::Parsed read_config(const std::filesystem::path& path, const model::Capabilities& system);

// Somebody's draft: may come through a pipe, which is waited for; who may write it is a warning. What comes through a pipe or
// from /dev has the current folder's files beside it.
[[nodiscard]] config::Parsed check_config(const std::filesystem::path& path, const model::Capabilities& system);

// A whole file as a client of the control socket sent it, judged as if it stood where the running one stands, in `folder`.
// `name` is only what findings call it. It reads nothing but regular files below `folder`, without following links, and what
// `running` itself names; anything else gets one and the same error, whether it exists or not.
[[nodiscard]] config::Parsed parse_draft(std::string_view text, std::string_view name, const std::filesystem::path& folder,
                                         const model::Config& running, const model::Capabilities& system);

// The same text of root's, which may name what the file itself may: other folders, links, programs.
[[nodiscard]] config::Parsed parse_in_place(std::string_view text, std::string_view name, const std::filesystem::path& folder,
                                            const model::Capabilities& system);

// Puts `text` in the place of the file, or of what a link there leads to, whose mode it keeps: who reads it sees the old text
// or the new, also after a crash.
[[nodiscard]] Result<void> replace_config(const std::filesystem::path& path, std::string_view text);

// What the configuration in `folder` names: at most 65,535 bytes each, regular. Secrets and private keys belong to us or root
// and are closed to group and others; the rest may be read by anybody and written by none. One trailing newline is not part
// of a secret. Who may write certificates does not matter to a draft.
enum class Judged : std::uint8_t { as_running, as_draft };
[[nodiscard]] config::Readers file_readers(const std::filesystem::path& folder, Judged judged = Judged::as_running);

}  // namespace vtid::daemon
