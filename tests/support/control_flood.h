// Clients that mean harm on a control socket, by plain sockets that never block, and one that only wants its answers.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace vtid::test {

struct FloodClient {
  std::string path;
  std::string bytes;   // sent over and over
  bool reads = true;   // takes what comes
  bool waits = false;  // for an answer before it sends again
  UniqueFd fd{};
  std::size_t sent = 0;                 // of `bytes`
  std::size_t asked = 0, answered = 0;  // of this session
  std::size_t answers = 0;              // of all of them

  void connect() {
    fd = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd = UniqueFd();
    sent = asked = answered = 0;
  }

  [[nodiscard]] bool may_send() const { return !waits || asked == answered || sent != 0; }

  void step() {
    if (!fd) return connect();
    if (reads && !take()) return connect();
    if (!may_send()) return;
    const ssize_t count = ::send(fd.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) return connect();
    if (count > 0) sent += static_cast<std::size_t>(count);
    if (sent != bytes.size()) return;
    sent = 0;
    ++asked;
  }

  // False when the server ended the session.
  bool take() {
    std::array<char, 65'536> buffer{};
    const ssize_t count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    const auto lines = static_cast<std::size_t>(std::count(buffer.begin(), buffer.begin() + std::max<ssize_t>(count, 0), '\n'));
    answered += lines;
    answers += lines;
    return count > 0 || (count < 0 && errno == EAGAIN);
  }
};

inline std::string repeat(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

inline std::string flood_request(std::string_view method, std::string_view params = "{}") {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(method) + R"(","params":)" + std::string(params) + "}\n";
}

// `count` of them, of every kind in turn, on both sockets.
inline std::vector<FloodClient> flood(const std::string& full, const std::string& view, std::size_t count) {
  std::string wide = R"({"jsonrpc":"2.0","id":1,"method":"list","params":{)";
  for (std::size_t i = 0; i < 100'000; ++i) wide += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":1";
  wide += "}}\n";
  const std::string deep = R"({"id":)" + repeat("[", 48'000) + repeat("]", 48'000) + ",\"a\":1}\n";
  const std::string longest = flood_request("plan", R"({"path":"/x","text":")" + repeat("[", 1'000'000) + R"("})");
  struct Kind {
    std::string bytes;
    bool reads = true, waits = false;
  };
  const std::vector<Kind> kinds{
      {deep},
      {wide},
      {std::string(1'000'000, 'x')},  // a line without an end
      {longest},
      {flood_request("list", R"({"kind":"tunnels"})"), false},
      {flood_request("status"), true, true},
      {repeat(flood_request("nonsense"), 1'000)},
      {repeat("\n", 65'536)},
      {flood_request("explain", R"({"name":"hq"})"), false},
      {flood_request("doctor"), true, true},
      {repeat(R"({"jsonrpc":"2.0","method":"status"})"
              "\n",
              1'000)},
  };
  std::vector<FloodClient> clients;
  for (std::size_t i = 0; i < count; ++i) {
    const Kind& kind = kinds[i % kinds.size()];
    FloodClient& client = clients.emplace_back();
    client.path = i % 2 == 0 ? full : view;
    client.bytes = kind.bytes;
    client.reads = kind.reads;
    client.waits = kind.waits;
  }
  return clients;
}

}  // namespace vtid::test
