// What of ours charon has loaded and what it should have: decides which load and unload requests are due, a few at a time,
// and what a refusal means. Never replaces what somebody else loaded. Sends nothing itself and never shows a secret.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/op.h"
#include "vici/connection.h"

namespace vtid::vici {

// What we loaded into one charon, to be kept over a restart of vtid. Holds no secret and nothing derived from one.
struct Loaded {
  std::string boot;                                // the charon; another boot makes the rest void
  std::map<std::string, std::string> connections;  // name -> digest of what was loaded; "" while a load is under way
  std::set<std::string> secrets;                   // connections whose secret was loaded
  std::set<std::string> keys = {};                 // ids of private keys: hashes of their public halves
  bool operator==(const Loaded&) const = default;
};

// What charon has, whoever loaded it.
struct Inventory {
  std::set<std::string> connections;
  std::set<std::string> secrets;    // ids
  std::set<std::string> keys = {};  // ids
};

struct Step {
  enum class Kind : std::uint8_t {
    load_secret,
    load_key,
    load_certificate,
    load_connection,
    unload_connection,
    unload_secret,
    unload_key,
  };
  Kind kind;
  std::string name;      // of the connection; empty: no connection needs it any more
  std::string command;   // "load-conn"
  Message request;       // may hold a secret
  std::string key = {};  // id, of load-key and unload-key
  bool operator==(const Step&) const = default;
};

inline constexpr std::size_t kMostStepsUnderWay = 64;  // enough to keep charon busy, few enough not to hold up an initiate

class Loader {
 public:
  Loader(Loaded loaded, std::function<std::uint32_t()> random);

  void want(std::vector<WantedConnection> connections);

  // charon is reached: `boot` tells which one it is, unless it is the one we were connected to all the time. Then, and
  // whenever it was read again, the inventory tells what it has: what others unloaded is due again.
  void on_boot(const std::string& boot, bool continues);
  void on_inventory(const Inventory& inventory);
  void on_disconnected();

  // The next request to send now, if any. One per connection is under way at a time.
  [[nodiscard]] std::optional<Step> next_step(TimePoint now);
  void on_done(const Step& step, const Result<Message>& answer, TimePoint now);

  // Whether the connection is being loaded, or may have to be: an initiate has to wait for it.
  [[nodiscard]] bool busy_with(const std::string& name) const;
  // Why the connection is not loaded: charon's words, or that somebody else has its name.
  [[nodiscard]] std::optional<Error> refusal(const std::string& name) const;
  // Nothing is due or under way; what charon refused does not count.
  [[nodiscard]] bool settled() const;
  // When a refused load is tried again.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  [[nodiscard]] const Loaded& loaded() const { return loaded_; }
  [[nodiscard]] std::vector<model::Problem> problems() const;
  // Whether loaded() or problems() changed since the last call.
  [[nodiscard]] bool take_changed();

 private:
  struct Wish {
    WantedConnection connection;
    std::string digest;
    bool secret_loaded = false;  // this very secret, into this very charon, by this vtid
    bool foreign = false;        // somebody else's connection has the name
    std::size_t certificates_sent = 0;
    std::string serving_key;  // of the version that charon has, while it refuses a new one
    bool operator==(const Wish&) const = default;
  };
  struct Refusal {
    Error error;
    Backoff backoff;
    std::optional<TimePoint> retry;  // none: being retried
  };

  [[nodiscard]] std::optional<Step> due(const std::string& name) const;
  void begin(const Step& step);
  void wake_refused(TimePoint now);
  void on_success(const Step& step);
  void on_connection_loaded(const Step& step);
  void on_key_loaded(const Step& step, const Message& answer, TimePoint now);
  [[nodiscard]] std::optional<Step> next_idle_key();
  [[nodiscard]] bool has_key(const std::string& id) const;
  void forget_key(const std::string& id);
  void on_refused(const Step& step, const Error& error, TimePoint now);
  void forget_missing(const Inventory& inventory);

  Loaded loaded_;
  std::function<std::uint32_t()> random_;
  std::map<std::string, Wish> wishes_;
  std::map<std::string, Refusal> refusals_;
  std::set<std::string> dirty_;  // names that may have something due
  std::set<std::string> under_way_;
  std::set<std::string> keys_under_way_;
  std::set<std::string> foreign_keys_;  // in charon, and not by us
  bool wishes_known_ = false;           // before the first want() nothing is unloaded
  bool inventory_known_ = false;        // before, nothing is sent
  bool keys_unchecked_ = false;         // some may serve no connection any more
  bool changed_ = false;
};

}  // namespace vtid::vici
