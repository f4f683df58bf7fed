#include "daemon/state_store.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>

#include "base/log.h"
#include "daemon/state_folder.h"
#include "daemon/state_text.h"

namespace vtid::daemon {
namespace {

using PowerLoss = StateFolder::PowerLoss;

constexpr const char* kNumbersFile = "units.json";
constexpr const char* kNumbersCopy = "units.json.copy";
constexpr const char* kRoleFile = "role.json";
constexpr const char* kLoadedFile = "charon.json";
constexpr const char* kLoadedCopy = "charon.json.copy";
constexpr const char* kGatewaysFile = "gateways.json";

// Where the texts are.
class Files {
 public:
  virtual ~Files() = default;
  [[nodiscard]] virtual Result<std::optional<std::string>> read(const char* name) = 0;
  [[nodiscard]] virtual Result<void> replace(const char* name, std::string text, PowerLoss loss = PowerLoss::survived) = 0;
  [[nodiscard]] virtual Result<void> set_aside(const char* name) = 0;
  [[nodiscard]] virtual std::string shown(const char* name) const = 0;
};

class FolderFiles final : public Files {
 public:
  FolderFiles(StateFolder folder, UniqueFd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}
  Result<std::optional<std::string>> read(const char* name) override { return folder_.read(name, kLongestState); }
  Result<void> replace(const char* name, std::string text, PowerLoss loss) override {
    return lock_ ? folder_.replace(name, text, loss) : Result<void>{};  // without a lock only to look
  }
  Result<void> set_aside(const char* name) override { return lock_ ? folder_.set_aside(name) : Result<void>{}; }
  std::string shown(const char* name) const override { return folder_.path_of(name).string(); }

 private:
  StateFolder folder_;
  UniqueFd lock_;  // held until the daemon ends, however it ends
};

class MemoryFiles final : public Files {
 public:
  explicit MemoryFiles(Disk disk) : disk_(std::move(disk)) {}
  Result<std::optional<std::string>> read(const char* name) override {
    const auto found = texts_.find(name);
    return found == texts_.end() ? std::nullopt : std::optional(found->second);
  }
  Result<void> replace(const char* name, std::string text, PowerLoss) override {
    if (auto taken = disk_ ? disk_(name) : Result<void>{}; !taken) return taken;
    texts_.insert_or_assign(name, std::move(text));
    return {};
  }
  Result<void> set_aside(const char* name) override {
    texts_.erase(name);
    return {};
  }
  std::string shown(const char* name) const override { return name; }

 private:
  Disk disk_;
  std::map<std::string, std::string> texts_;
};

class Store final : public StateStore {
 public:
  explicit Store(std::unique_ptr<Files> files) : files_(std::move(files)) {}

  Result<reconcile::Numbers> load_numbers() override {
    return load<reconcile::Numbers>(kNumbersFile, [this](const Error& damage) -> Result<reconcile::Numbers> {
      if (auto copy = load_copy<reconcile::Numbers>(kNumbersFile, kNumbersCopy, damage)) return *std::move(copy);
      return fail(damage.text, "restore it from a backup; without it tunnels without a pinned \"unit\" may get other devices");
    });
  }
  Result<void> save_numbers(const reconcile::Numbers& numbers) override {
    return save_twice(kNumbersFile, kNumbersCopy, print_state(numbers), PowerLoss::survived);
  }

  Result<model::Role> load_role() override {
    return load<model::Role>(kRoleFile, [this](const Error& damage) {
      emit(model::Severity::error, kRoleFile, damage.text + "; this node stands by, because another may be active",
           "vtictl role active, or vtictl role standby");
      return model::Role::standby;
    });
  }
  Result<void> save_role(model::Role role) override { return save(kRoleFile, print_state(role)); }

  Result<vici::Loaded> load_loaded() override {
    return load<vici::Loaded>(kLoadedFile, [this](const Error& damage) {
      if (auto copy = load_copy<vici::Loaded>(kLoadedFile, kLoadedCopy, damage)) return *std::move(copy);
      return without<vici::Loaded>(kLoadedFile, damage);
    });
  }
  // Often saved, and void after a loss of power, as that charon is gone: its copy need not be waited for.
  Result<void> save_loaded(const vici::Loaded& loaded) override {
    return save_twice(kLoadedFile, kLoadedCopy, print_state(loaded), PowerLoss::may_cost_it);
  }

  Result<monitor::Memories> load_gateways() override {
    return load<monitor::Memories>(kGatewaysFile,
                                   [this](const Error& damage) { return without<monitor::Memories>(kGatewaysFile, damage); });
  }
  Result<void> save_gateways(const monitor::Memories& memories) override { return save(kGatewaysFile, print_state(memories)); }

  std::vector<model::Problem> problems() const override {
    std::vector<model::Problem> problems;
    for (const auto& [name, problem] : problems_) problems.push_back(problem);
    return problems;
  }

 private:
  // A file that is not there says nothing; of a damaged one `mend` decides.
  template <class T, class Mend>
  Result<T> load(const char* name, Mend mend) {
    const auto text = files_->read(name);
    if (!text) return std::unexpected(text.error());
    if (!*text) return T{};
    auto value = parse_state<T>(**text);
    if (value) return value;
    return mend(Error{fmt::format("{} is damaged: {}", files_->shown(name), value.error().text), "", 0});
  }

  // The copy's value, after it took the place of the damaged file, when it is whole itself.
  template <class T>
  std::optional<T> load_copy(const char* name, const char* copy, const Error& damage) {
    const auto text = files_->read(copy);
    if (!text || !*text) return std::nullopt;
    auto value = parse_state<T>(**text);
    if (!value) return std::nullopt;
    set_aside(name, damage.text + "; its copy serves");
    if (auto restored = files_->replace(name, **text); !restored) (void)note(name, restored);
    return *std::move(value);
  }

  // Nothing is known, and it will be found out again.
  template <class T>
  T without(const char* name, const Error& damage) {
    set_aside(name, damage.text + "; vtid starts without what it said");
    return {};
  }

  void set_aside(const char* name, const std::string& text) {
    const auto moved = files_->set_aside(name);
    emit(model::Severity::warning, name, text,
         moved ? fmt::format("it is kept as {}.damaged; is the disk sound?", files_->shown(name)) : moved.error().text);
  }

  void emit(model::Severity severity, const char* name, const std::string& text, const std::string& remedy) {
    log::warning("state damaged", {{"reason", text}, {"remedy", remedy}});
    problems_[name] = {severity, "state", text, remedy};
  }

  Result<void> save(const char* name, std::string text) { return note(name, files_->replace(name, std::move(text))); }

  // The copy first: whatever happens between the two, one of them is whole, and what was read last is never newer.
  Result<void> save_twice(const char* name, const char* copy, std::string text, PowerLoss of_copy) {
    if (auto saved = files_->replace(copy, text, of_copy); !saved) return note(name, saved);
    return save(name, std::move(text));
  }

  Result<void> note(const char* name, Result<void> saved) {
    if (saved) {
      problems_.erase(name);
    } else {
      problems_[name] = {model::Severity::warning, "state", saved.error().text + "; it is tried again",
                         "is the state directory full or read-only?"};
    }
    return saved;
  }

  std::unique_ptr<Files> files_;
  std::map<std::string, model::Problem> problems_;  // by file
};

}  // namespace

Result<std::unique_ptr<StateStore>> open_state_directory(const std::filesystem::path& directory) {
  auto folder = StateFolder::make(directory);
  if (!folder) return std::unexpected(folder.error());
  auto lock = folder->lock();
  if (!lock) return std::unexpected(lock.error());
  return std::make_unique<Store>(std::make_unique<FolderFiles>(*std::move(folder), *std::move(lock)));
}

Result<std::unique_ptr<StateStore>> peek_state_directory(const std::filesystem::path& directory) {
  auto store = make_memory_store();
  auto folder = StateFolder::open(directory);
  if (!folder) return std::unexpected(folder.error());
  if (!*folder) return store;
  const auto numbers = Store(std::make_unique<FolderFiles>(*std::move(*folder), UniqueFd())).load_numbers();
  if (!numbers) return std::unexpected(numbers.error());
  (void)store->save_numbers(*numbers);  // memory takes everything
  return store;
}

std::unique_ptr<StateStore> make_memory_store(Disk disk) {
  return std::make_unique<Store>(std::make_unique<MemoryFiles>(std::move(disk)));
}

}  // namespace vtid::daemon
