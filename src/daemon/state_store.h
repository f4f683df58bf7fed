// The few things that must outlive the daemon: units, its role, what it loaded into which charon, and which gateways were not
// believed. One small JSON file each, replaced atomically, in the state directory, which one daemon at a time may hold. Holds
// no secrets.
//
// A damaged file stops the daemon only where a guess could do harm. Units and what was loaded are kept twice: the copy serves.
// What was loaded and the gateways can be found out again: the daemon starts without. A node whose role cannot be read stands
// by, because its pair may be active. What is damaged is set aside as NAME.damaged, and problems() says so.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/op.h"
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

  // What was damaged or could not be saved, each until the same file is saved.
  [[nodiscard]] virtual std::vector<model::Problem> problems() const = 0;
};

// Makes the directory (0700) when it is missing and locks it; a second daemon gets an error that names the first's pid. A
// directory that others may write is refused.
[[nodiscard]] Result<std::unique_ptr<StateStore>> open_state_directory(const std::filesystem::path& directory);

// What a running daemon would know, without locking and without ever writing: for --plan.
[[nodiscard]] Result<std::unique_ptr<StateStore>> peek_state_directory(const std::filesystem::path& directory);

// Keeps everything in memory, as the text that a directory would hold: --kernel memory, tests. Before each write it asks
// `disk`, which may refuse as a disk does.
using Disk = std::function<Result<void>(std::string_view file)>;
[[nodiscard]] std::unique_ptr<StateStore> make_memory_store(Disk disk = {});

}  // namespace vtid::daemon
