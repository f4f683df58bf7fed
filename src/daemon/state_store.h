// The few things that must outlive the daemon: units, its role, what it loaded into which charon, and which gateways were not
// believed. One small JSON file each, replaced atomically, in the state directory, which one daemon at a time may hold. Holds
// no secrets.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/role.h"
#include "monitor/memory.h"
#include "reconcile/numbers.h"
#include "vici/charon.h"

namespace vtid::daemon {

class StateStore {
 public:
  virtual ~StateStore() = default;
  [[nodiscard]] virtual Result<reconcile::Numbers> load_numbers() = 0;  // none yet: empty
  [[nodiscard]] virtual Result<void> save_numbers(const reconcile::Numbers& numbers) = 0;
  [[nodiscard]] virtual Result<model::Role> load_role() = 0;  // none yet: active
  [[nodiscard]] virtual Result<void> save_role(model::Role role) = 0;
  [[nodiscard]] virtual Result<vici::Loaded> load_loaded() = 0;
  [[nodiscard]] virtual Result<void> save_loaded(const vici::Loaded& loaded) = 0;
  [[nodiscard]] virtual Result<monitor::Memories> load_gateways() = 0;
  [[nodiscard]] virtual Result<void> save_gateways(const monitor::Memories& memories) = 0;
};

// Makes the directory (0700) when it is missing and locks it; a second daemon gets an error that names the first's pid.
[[nodiscard]] Result<std::unique_ptr<StateStore>> open_state_directory(const std::filesystem::path& directory);

// What a running daemon would know, without locking and without ever writing: for --plan.
[[nodiscard]] Result<std::unique_ptr<StateStore>> peek_state_directory(const std::filesystem::path& directory);

// Keeps everything in memory: --kernel memory, tests.
[[nodiscard]] std::unique_ptr<StateStore> make_memory_store();

}  // namespace vtid::daemon
