// A charon made of state: answers vici bytes like strongSwan 5.9.8 does, over any number of lines, without sockets.
// Tests change its state, raise events and make it misbehave. Knows nothing about vtid.
//
//   charon.open(line); charon.feed(line, bytes); bytes = charon.take(line);
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/sa_table.h"
#include "vici/codec.h"

namespace vtid::test {

class ScriptedCharon {
 public:
  using Line = int;

  // What a peer does when we initiate.
  enum class Peer { answers, silent, refuses };

  // The wire. Bytes for a line that is not open are lost, as they are to a dead process.
  void open(Line line);
  void close(Line line);
  [[nodiscard]] bool is_open(Line line) const { return lines_.contains(line); }
  void feed(Line line, std::string_view bytes);
  [[nodiscard]] std::string take(Line line);

  // State, free to be changed.
  std::string version = "5.9.8";
  std::string boot = "Nov 24 03:58:38 2026";         // stats.uptime.since: its clock's
  std::string run = "charon 1";                      // what the system tells of the process at the other end
  std::map<std::string, vici::Message> connections;  // by name, as loaded
  std::map<std::string, vici::Message> secrets;      // by id, whole load-shared requests
  std::map<std::string, vici::Message> keys;         // by id, which in tests is their data, whole load-key requests
  std::vector<vici::Message> certificates;           // whole load-cert requests
  std::map<std::string, vici::Message> authorities;  // by name, as loaded
  vici::Message::List plugins{"vici", "x509", "constraints", "revocation", "curl", "ldap"};
  std::map<std::uint32_t, model::IkeSa> ikes;
  std::map<std::uint32_t, model::ChildSa> children;
  std::map<std::string, Peer> peers;                 // by connection; absent: answers
  std::map<std::string, std::string> refused_loads;  // connection -> errmsg
  std::optional<std::string> refused_all;            // errmsg of every load-conn
  bool endless_list = false;                         // list-sas goes on with ever new IKE_SAs
  std::size_t endless_identity = 100;                // bytes of the peer's identity in each of its entries
  std::set<std::string> unanswered;                  // commands that never get an answer
  std::vector<std::string> refusals;                 // what its log says when a peer refuses
  std::set<std::uint32_t> busy;                      // IKE_SAs that somebody else works on
  std::map<std::string, int> served;                 // how often each command came
  bool rekeys_nothing = false;                       // says yes and does no more
  bool running = true;

  // What happens to SAs, with charon's events in charon's order.
  std::uint32_t bring_up(const std::string& connection, bool initiator = true);  // the CHILD_SA's id, named like the connection
  std::uint32_t bring_up_child(std::uint32_t ike_id, const std::string& name);
  void take_down_child(std::uint32_t child_id);
  void take_down(std::uint32_t ike_id);
  std::uint32_t rekey_child(std::uint32_t child_id);
  std::uint32_t rekey_ike(std::uint32_t ike_id);
  void move(std::uint32_t ike_id, const net::Address& local);
  void give_up(std::uint32_t ike_id);  // a half-open IKE_SA ends: no event

  // Events, when a test wants them out of order: what would be raised is kept, then raised in the order given.
  void keep_events() { keeping_ = true; }
  [[nodiscard]] std::vector<vici::Packet> take_kept_events();
  void raise(const vici::Packet& event);

  // An IKE_SA is free again: list-sas that waited for it are answered.
  void finish_work(std::uint32_t ike_id);

  // What others do: `swanctl --load-all` with an empty swanctl.conf, and with --clear.
  void unload_all() { connections.clear(); }
  void clear_credentials();

  void stop();                               // closes all lines
  void start(const std::string& boot_time);  // empty, another run
  void send_junk(Line line, std::string_view bytes) { lines_.at(line).out += bytes; }

 private:
  struct Wire {
    vici::SegmentReader in;
    std::string out;
    std::set<std::string> events;
    std::uint32_t invented = 0;        // IKE_SAs of the endless list; 0: it has not been asked for
    std::deque<vici::Packet> waiting;  // behind a command that waits
  };

  void serve(Wire& wire);
  bool answer(Wire& wire, const vici::Packet& packet);
  bool answer_command(Wire& wire, const vici::Packet& packet);
  bool list_sas(Wire& wire, const vici::Message& request);
  vici::Message load_connection(const vici::Message& request);
  vici::Message unload(std::map<std::string, vici::Message>& from, const std::string& name, const std::string& what);
  vici::Message initiate(const vici::Message& request);
  void answer_initiate(const std::string& connection, const std::string& child);
  vici::Message terminate(const vici::Message& request);
  vici::Message rekey(const vici::Message& request);
  [[nodiscard]] vici::Message stats() const;
  [[nodiscard]] std::vector<std::uint32_t> matching(const vici::Message& request) const;
  std::uint32_t add_ike(const std::string& connection, bool initiator);
  void establish(std::uint32_t ike_id);
  std::uint32_t add_child(std::uint32_t ike_id, const std::string& name);
  [[nodiscard]] std::string invented_entry() const;
  void invent(Wire& wire);
  void announce(std::string event, vici::Message message);

  std::map<Line, Wire> lines_;
  std::uint32_t last_ike_ = 0;
  std::uint32_t last_child_ = 0;
  std::uint32_t runs_ = 1;
  bool keeping_ = false;
  std::vector<vici::Packet> kept_;
};

// The messages themselves, with charon's field names; without ages, because it has no clock.
[[nodiscard]] vici::Message encode_ike(const model::IkeSa& ike);
[[nodiscard]] vici::Message encode_child(const model::ChildSa& child);

}  // namespace vtid::test
