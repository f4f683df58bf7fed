// The state directory, by its descriptor: whatever its name leads to later, files are read and written in the folder that was
// opened, and no link in it is followed. A folder that was there keeps its mode; one that others may write is refused.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace vtid::daemon {

class StateFolder {
 public:
  // Makes it (0700), and what is missing above it.
  [[nodiscard]] static Result<StateFolder> make(const std::filesystem::path& path);
  // Nothing when there is none.
  [[nodiscard]] static Result<std::optional<StateFolder>> open(const std::filesystem::path& path);

  // One daemon at a time holds it, for as long as the descriptor is open; the error names the other's pid.
  [[nodiscard]] Result<UniqueFd> lock() const;

  // The file's text; nothing when there is none. What is no regular file is an error.
  [[nodiscard]] Result<std::optional<std::string>> read(const char* name, std::size_t limit) const;

  // Replaces the file as a whole (0600): who reads it sees the old text or the new, also after a crash, and after a loss of
  // power unless that may cost the file. On failure the old one is as it was.
  enum class PowerLoss : std::uint8_t { survived, may_cost_it };
  // `like`: whose mode, and owner as far as we may give files away, it gets.
  [[nodiscard]] Result<void> replace(const char* name, std::string_view text, PowerLoss loss = PowerLoss::survived,
                                     const struct stat* like = nullptr) const;

  // Renames the file to NAME.damaged, in the place of one that was set aside before.
  [[nodiscard]] Result<void> set_aside(const char* name) const;

  [[nodiscard]] std::filesystem::path path_of(std::string_view name) const { return path_ / name; }

 private:
  StateFolder(std::filesystem::path path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  [[nodiscard]] Result<void> write_new(const std::string& name, std::string_view text, PowerLoss loss,
                                       const struct stat* like) const;

  std::filesystem::path path_;
  UniqueFd fd_;
};

}  // namespace vtid::daemon
