// What of ours charon has loaded and what it should have: decides which load and unload requests are due, a few at a time,
// and what a refusal means. Never replaces what somebody else loaded. Sends nothing itself and never shows a secret.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/op.h"
#include "vici/connection.h"

namespace vtid::vici {

// What we loaded into one charon, to be kept over a restart of vtid. Holds no secret and nothing derived from one.
struct Loaded {
  std::string charon;                              // which run of it; empty: not known
  std::map<std::string, std::string> connections;  // name -> digest of what was loaded; "" while a load is under way
  std::set<std::string> secrets;                   // "hq", the secret of that connection; "hq/ppk", another one of it
  std::set<std::string> keys = {};                 // ids of private keys: hashes of their public halves
  // IKE_SAs, by id, that outlived a change of their connection: the digest of what they were negotiated with. charon's rekeys
  // hand the old settings on.
  std::map<std::uint32_t, std::string> older = {};
  std::set<std::string> authorities = {};  // by name, which is a digest of what they say
  bool operator==(const Loaded&) const = default;
};

// What charon has, whoever loaded it.
struct Inventory {
  std::set<std::string> connections;
  std::set<std::string> secrets;    // ids
  std::set<std::string> keys = {};  // ids
  bool whole = true;                // else charon did not say all of it
  std::set<std::string> authorities = {};

  [[nodiscard]] std::size_t size() const { return connections.size() + secrets.size() + keys.size() + authorities.size(); }
};

// Something of ours that somebody else unloaded.
struct Unloaded {
  enum class Kind : std::uint8_t { connection, secret, key, authority };
  Kind kind;
  std::string name;  // as Loaded has it
  bool operator==(const Unloaded&) const = default;
};
[[nodiscard]] std::string print(const Unloaded& unloaded);  // "the secret of hq"

struct Step {
  enum class Kind : std::uint8_t {
    load_secret,
    load_key,
    load_authority,
    load_certificate,
    load_connection,
    unload_connection,
    unload_secret,
    unload_key,
    unload_authority,
  };
  Kind kind;
  std::string name;           // of the connection; empty: no connection needs it any more
  std::string command;        // "load-conn"
  Message request;            // may hold a secret
  std::string key = {};       // id, of load-key and unload-key
  std::string replaces = {};  // digest of the settings that load-conn replaces; empty: there are none, or not known
  std::string item = {};      // the secret or the authority, as Loaded has it
  bool operator==(const Step&) const = default;
};

inline constexpr std::size_t kMostStepsUnderWay = 64;  // enough to keep charon busy, few enough not to hold up an initiate

class Loader {
 public:
  Loader(Loaded loaded, std::function<std::uint32_t()> random);

  void want(std::vector<WantedConnection> connections);
  [[nodiscard]] std::size_t wanted() const { return wishes_.size(); }

  // charon is reached, and this run of it. By the one of before what we loaded is there still, and by another one nothing is.
  // When either is not known, what we may have loaded is ours wherever it is found, and is loaded over it.
  void on_charon(const std::string& charon);
  // What it has, then and whenever it was read again: what others unloaded is due again. False: nothing was missing.
  bool on_inventory(const Inventory& inventory);
  void on_disconnected();

  // The next request to send now, if any. One per connection is under way at a time.
  [[nodiscard]] std::optional<Step> next_step(TimePoint now);
  void on_done(const Step& step, const Result<Message>& answer, TimePoint now);

  // Whether the connection is being loaded, or may have to be, as long as it is not known what charon has: an initiate has to
  // wait for it.
  [[nodiscard]] bool busy_with(const std::string& name) const;
  // Whether charon has the connection as it was last loaded.
  [[nodiscard]] bool has(const std::string& name) const;
  // Why the connection is not loaded: charon's words, or that somebody else has its name.
  [[nodiscard]] std::optional<Error> refusal(const std::string& name) const;
  // Nothing is due or under way; what charon refused does not count.
  [[nodiscard]] bool settled() const;
  // When a refused load is tried again.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // `ikes` live on with the settings that `step` replaces.
  void outlive(const Step& step, const std::vector<std::uint32_t>& ikes);
  void on_ike_rekeyed(std::uint32_t before, std::uint32_t after);
  void forget_ikes(const std::function<bool(std::uint32_t)>& is_gone);
  // Whether the IKE_SA of this connection was negotiated with other settings than charon has now.
  [[nodiscard]] bool is_older(const std::string& name, std::uint32_t ike) const;

  void on_version(const model::CharonVersion& version);
  void on_plugins(std::set<std::string> plugins);  // that charon runs with

  [[nodiscard]] const Loaded& loaded() const { return loaded_; }
  // To be kept: loaded(), with all that is about to be loaded as if it were under way.
  [[nodiscard]] Loaded record();
  // Whether a request is to leave of which the last record() says nothing: it has to be kept before.
  [[nodiscard]] bool is_ahead_of_record() const { return ahead_; }
  // Changes whenever that may have.
  [[nodiscard]] std::uint64_t loaded_revision() const { return loaded_revision_; }
  [[nodiscard]] std::vector<model::Problem> problems() const;
  // What others have unloaded since the last call, while we were connected.
  [[nodiscard]] std::vector<Unloaded> take_unloaded() { return std::exchange(unloaded_, {}); }
  // Whether loaded() or problems() changed since the last call.
  [[nodiscard]] bool take_changed();

 private:
  struct Wish {
    WantedConnection connection;
    std::string digest = {};
    std::set<std::string> secrets_loaded = {};  // these very secrets, into this very charon, by this vtid
    bool foreign = false;                       // somebody else's connection has the name
    std::size_t certificates_sent = 0;
    std::string serving_key = {};  // of the version that charon has, while it refuses a new one
    bool operator==(const Wish&) const = default;
  };
  struct Refusal {
    Error error;
    Backoff backoff;
    std::optional<TimePoint> retry;  // none: being retried
  };

  [[nodiscard]] std::optional<Step> due(const std::string& name) const;
  [[nodiscard]] std::optional<Step> due_credential(const Wish& wish) const;
  void begin(const Step& step);
  [[nodiscard]] static const std::string* shared_by(const Step& step);
  void wake_refused(TimePoint now);
  void forget_refusal(const std::string& name);
  [[nodiscard]] bool is_still_wanted(const Step& load) const;
  void on_success(const Step& step);
  void on_connection_loaded(const Step& step);
  void on_key_loaded(const Step& step, const Message& answer, TimePoint now);
  [[nodiscard]] std::optional<Step> next_idle();
  [[nodiscard]] bool has_key(const std::string& id) const;
  void forget_key(const std::string& id);
  void forget_authority(const std::string& name);
  void on_refused(const Step& step, const Error& error, TimePoint now);
  [[nodiscard]] std::vector<Unloaded> missing(const Inventory& inventory) const;
  void forget(const Unloaded& unloaded);
  void forget_certificates(Wish& wish);
  [[nodiscard]] const Requirement* lacking(const WantedConnection& wanted) const;
  void add_missing_plugins(const WantedConnection& wanted, std::vector<model::Problem>& problems) const;

  Loaded loaded_;
  std::uint64_t loaded_revision_ = 0;
  std::set<std::string> announced_;  // as under way, in the last record()
  bool ahead_ = false;
  std::function<std::uint32_t()> random_;
  std::map<std::string, Wish> wishes_;
  std::map<std::string, Refusal> refusals_;
  std::set<std::string> dirty_;  // names that may have something due
  std::set<std::string> under_way_;
  std::set<std::string> shared_under_way_;  // keys and authorities
  std::set<std::string> foreign_keys_;      // in charon, and not by us
  bool wishes_known_ = false;               // before the first want() nothing is unloaded
  bool inventory_known_ = false;            // before, nothing is sent
  bool unload_refused_ = false;             // of a key or an authority: with the next inventory again
  bool shared_unchecked_ = false;           // some of these may serve no connection any more
  std::vector<Unloaded> unloaded_;
  model::CharonVersion version_;
  std::set<std::string> plugins_;  // empty: not known
  bool changed_ = false;
};

}  // namespace vtid::vici
