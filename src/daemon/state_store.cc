#include "daemon/state_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "daemon/files.h"

namespace vtid::daemon {
namespace {

using nlohmann::json;

constexpr const char* kNumbersFile = "units.json";
constexpr const char* kRoleFile = "role.json";
constexpr const char* kLoadedFile = "charon.json";
constexpr const char* kGatewaysFile = "gateways.json";

json to_json(const reconcile::Numbers& numbers) {
  json units = json::object();
  for (const auto& [holder, unit] : numbers) units[holder] = unit.value;
  return {{"units", units}};
}

void from_json(const json& text, reconcile::Numbers& numbers) {
  for (const auto& [holder, unit] : text.at("units").items()) {
    const auto value = unit.get<std::uint32_t>();
    if (value < net::kLowestUnit.value || value > net::kHighestUnit.value)
      throw json::other_error::create(501, "unit out of range", nullptr);
    numbers[holder] = {value};
  }
}

json to_json(model::Role role) { return {{"role", model::print(role)}}; }

void from_json(const json& text, model::Role& role) {
  const auto known = model::parse_role(text.at("role").get<std::string>());
  if (!known) throw json::other_error::create(501, "no such role", nullptr);
  role = *known;
}

json to_json(const vici::Loaded& loaded) {
  return {{"charon", loaded.charon}, {"connections", loaded.connections}, {"secrets", loaded.secrets}, {"keys", loaded.keys}};
}

void from_json(const json& text, vici::Loaded& loaded) {
  if (text.contains("charon")) text.at("charon").get_to(loaded.charon);  // 0.1.0 knew only when it had started
  text.at("connections").get_to(loaded.connections);
  text.at("secrets").get_to(loaded.secrets);
  if (text.contains("keys")) text.at("keys").get_to(loaded.keys);  // 0.1.0 knew none
}

WallTime moment(std::int64_t seconds) { return WallTime{std::chrono::seconds{seconds}}; }
std::int64_t seconds_of(WallTime time) { return time.time_since_epoch().count(); }

json to_json(const monitor::Memories& memories) {
  json gateways = json::object();
  for (const auto& [name, memory] : memories) {
    json falls = json::array();
    for (const WallTime fell : memory.falls) falls.push_back(seconds_of(fell));
    gateways[name] = {{"address", net::print(memory.address)},
                      {"state", model::print(memory.state)},
                      {"since", seconds_of(memory.since)},
                      {"has_worked", memory.has_worked},
                      {"slow", memory.slow},
                      {"falls", falls}};
  }
  return {{"gateways", gateways}};
}

void from_json(const json& text, monitor::Memories& memories) {
  for (const auto& [name, saved] : text.at("gateways").items()) {
    const auto address = net::parse_address(saved.at("address").get<std::string>());
    const auto state = model::parse_gateway_state(saved.at("state").get<std::string>());
    if (!address || !state) throw json::other_error::create(501, "no such address or state", nullptr);
    monitor::Memory memory{*address, *state, moment(saved.at("since").get<std::int64_t>()), saved.at("has_worked").get<bool>(),
                           saved.at("slow").get<bool>()};
    for (const json& fell : saved.at("falls")) memory.falls.push_back(moment(fell.get<std::int64_t>()));
    memories.emplace(name, std::move(memory));
  }
}

class Directory final : public StateStore {
 public:
  Directory(std::filesystem::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  Result<reconcile::Numbers> load_numbers() override { return load<reconcile::Numbers>(kNumbersFile); }
  Result<void> save_numbers(const reconcile::Numbers& numbers) override { return save(kNumbersFile, to_json(numbers)); }
  Result<model::Role> load_role() override { return load<model::Role>(kRoleFile, "remove it, and tell this node its role"); }
  Result<void> save_role(model::Role role) override { return save(kRoleFile, to_json(role)); }
  Result<vici::Loaded> load_loaded() override { return load<vici::Loaded>(kLoadedFile); }
  Result<void> save_loaded(const vici::Loaded& loaded) override { return save(kLoadedFile, to_json(loaded)); }
  Result<monitor::Memories> load_gateways() override {
    return load<monitor::Memories>(kGatewaysFile, "remove it; gateways that were down are believed at their first answer then");
  }
  Result<void> save_gateways(const monitor::Memories& memories) override { return save(kGatewaysFile, to_json(memories)); }

 private:
  static constexpr const char* kRestore =
      "restore it from a backup; without it tunnels without a pinned \"unit\" may get other devices";

  template <class T>
  Result<T> load(const char* name, const char* remedy = kRestore) {
    const auto file = path_ / name;
    auto text = read_text(file);
    if (!text && text.error().code == ENOENT) return T{};
    if (!text) return std::unexpected(text.error());
    try {
      T value;
      from_json(json::parse(*text), value);
      return value;
    } catch (const json::exception& error) {
      return fail(fmt::format("{} is damaged: {}", file.string(), error.what()), remedy);
    }
  }
  Result<void> save(const char* name, const json& value) { return write_text(path_ / name, value.dump(1) + "\n"); }

  std::filesystem::path path_;
  UniqueFd lock_;  // held until the daemon ends, however it ends
};

class Memory final : public StateStore {
 public:
  Result<reconcile::Numbers> load_numbers() override { return numbers_; }
  Result<void> save_numbers(const reconcile::Numbers& numbers) override {
    numbers_ = numbers;
    return {};
  }
  Result<model::Role> load_role() override { return role_; }
  Result<void> save_role(model::Role role) override {
    role_ = role;
    return {};
  }
  Result<vici::Loaded> load_loaded() override { return loaded_; }
  Result<void> save_loaded(const vici::Loaded& loaded) override {
    loaded_ = loaded;
    return {};
  }
  Result<monitor::Memories> load_gateways() override { return memories_; }
  Result<void> save_gateways(const monitor::Memories& memories) override {
    memories_ = memories;
    return {};
  }

 private:
  reconcile::Numbers numbers_;
  model::Role role_ = model::Role::active;
  vici::Loaded loaded_;
  monitor::Memories memories_;
};

Result<void> make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(fmt::format("cannot make {}: {}", path.string(), error.message()), "", error.value());
  if (::chmod(path.c_str(), S_IRWXU) != 0) return file_failure("close to others", path);
  return {};
}

}  // namespace

Result<std::unique_ptr<StateStore>> open_state_directory(const std::filesystem::path& directory) {
  if (auto made = make_folder(directory); !made) return std::unexpected(made.error());
  const auto lock_path = directory / "lock";
  UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!lock) return file_failure("open", lock_path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return file_failure("lock", lock_path);
    const std::string holder = read_text(lock_path).value_or("");
    return fail(fmt::format("another vtid (pid {}) uses {}", holder.substr(0, holder.find('\n')), directory.string()),
                "stop it, or give this one a --state and a --socket of its own");
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.get(), 0) != 0 || ::pwrite(lock.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return file_failure("write", lock_path);
  }
  return std::make_unique<Directory>(directory, std::move(lock));
}

Result<std::unique_ptr<StateStore>> peek_state_directory(const std::filesystem::path& directory) {
  const auto numbers = Directory(directory, {}).load_numbers();
  if (!numbers) return std::unexpected(numbers.error());
  auto store = make_memory_store();
  (void)store->save_numbers(*numbers);  // memory takes everything
  return store;
}

std::unique_ptr<StateStore> make_memory_store() { return std::make_unique<Memory>(); }

}  // namespace vtid::daemon
