// scripted-charon SOCKET [HOW]: the scripted charon of the unit tests behind a real vici socket, for tests with more tunnels
// than a real charon could negotiate in time. Every peer answers at once. HOW is "in-kernel" (SAs and policies are in the
// kernel too), or a lie: "endless-list" (of SAs), "huge-errors" (60,000 bytes for each load) or "broken-text" (that is not
// UTF-8). SIGUSR1 rekeys one CHILD_SA, SIGUSR2 all. Ends with its process.
#include <csignal>
#include <cstdio>
#include <list>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include <linux/netlink.h>

#include "io/asio.h"
#include "platform/linux/policies.h"
#include "platform/linux/sas.h"
#include "platform/linux/socket.h"
#include "support/scripted_charon.h"

namespace {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

namespace model = vtid::model;
namespace netlink = vtid::platform::netlink;

// What charon's kernel-netlink plugin does with CHILD_SAs: an SA for each way, a policy for each direction and family.
class Kernel {
 public:
  explicit Kernel(netlink::Socket socket) : socket_(std::move(socket)) {}

  void follow(const vtid::test::ScriptedCharon& charon) {
    std::vector<netlink::Bytes> requests;
    for (auto child = charon.children.upper_bound(newest_); child != charon.children.end(); ++child) {
      newest_ = child->first;
      install(child->second, charon.ikes.at(child->second.ike_id), requests);
    }
    if (installed_.size() > charon.children.size()) {
      std::erase_if(installed_, [&](const auto& known) {
        if (charon.children.contains(known.first)) return false;
        for (const model::Sa& sa : known.second) requests.push_back(netlink::encode_delete_sa(sa));
        return true;
      });
    }
    for (const netlink::Answer& answer : socket_.exchange(std::move(requests))) {
      if (answer.verdict.code != 0) std::fprintf(stderr, "kernel: %s\n", answer.verdict.text.c_str());
    }
  }

 private:
  void install(const model::ChildSa& child, const model::IkeSa& ike, std::vector<netlink::Bytes>& requests) {
    const model::SaAlgorithm algorithm;
    const model::Secret key(std::string(static_cast<std::size_t>(model::key_layout(algorithm).total()), 'k'));
    std::vector<model::Sa>& sas = installed_[child.id];
    sas = {{ike.remote, ike.local, child.spi_in, child.reqid, child.if_id_in, algorithm, 32, key},
           {ike.local, ike.remote, child.spi_out, child.reqid, child.if_id_out, algorithm, 0, key}};
    for (const model::Sa& sa : sas) requests.push_back(netlink::encode_new_sa(sa, 0));
    for (const auto direction : {model::PolicyDirection::in, model::PolicyDirection::out, model::PolicyDirection::forward}) {
      const model::Sa& sa = sas[direction == model::PolicyDirection::out];
      for (const auto family : {vtid::net::Family::ipv4, vtid::net::Family::ipv6}) {
        requests.push_back(
            netlink::encode_replace_policy({direction, family, sa.if_id, sa.reqid, sa.source, sa.destination, kPriority}));
      }
    }
  }

  static constexpr std::uint32_t kPriority = 399'999;  // charon's for such selectors

  netlink::Socket socket_;
  std::uint32_t newest_ = 0;  // the last that came
  std::map<std::uint32_t, std::vector<model::Sa>> installed_;
};

class Server {
 public:
  Server(asio::io_context& context, const char* path, std::string_view how)
      : acceptor_(context, Protocol::endpoint(path)), signals_(context, SIGUSR1, SIGUSR2) {
    if (how == "in-kernel") kernel_.emplace(netlink::Socket::open(NETLINK_XFRM).value());
    if (how == "endless-list") charon_.endless_list = true;
    if (how == "huge-errors") charon_.refused_all = std::string(60'000, 'x');
    if (how == "broken-text") charon_.refused_all = charon_.version = "5.9.8 \xff\xfe\xc3(";
    accept();
    await_signal();
  }

 private:
  struct Connection {
    explicit Connection(Protocol::socket accepted) : socket(std::move(accepted)) {}
    Protocol::socket socket;
    std::string in = std::string(64 * 1024, '\0');
    std::string out;      // not yet given to the socket
    std::string leaving;  // being written
  };

  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, Protocol::socket socket) {
      if (error) return;
      const int line = ++last_line_;
      lines_.emplace(line, std::move(socket));
      charon_.open(line);
      read(line);
      accept();
    });
  }

  void read(int line) {
    Connection& connection = lines_.at(line);
    connection.socket.async_read_some(asio::buffer(connection.in),
                                      [this, line](const boost::system::error_code& error, std::size_t count) {
                                        if (error) {
                                          charon_.close(line);
                                          lines_.erase(line);
                                          return;
                                        }
                                        charon_.feed(line, std::string_view(lines_.at(line).in).substr(0, count));
                                        write_all();
                                        read(line);
                                      });
  }

  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      std::vector<std::uint32_t> ids;
      for (const auto& [id, child] : charon_.children) ids.push_back(id);
      if (signal == SIGUSR1 && ids.size() > 1) ids.resize(1);
      for (const std::uint32_t id : ids) {
        charon_.rekey_child(id);
        charon_.children.erase(id);
      }
      write_all();
      await_signal();
    });
  }

  void write_all() {
    if (kernel_) kernel_->follow(charon_);
    for (auto& [line, connection] : lines_) {
      connection.out += charon_.take(line);
      write(line);
    }
  }

  void write(int line) {
    Connection& connection = lines_.at(line);
    if (!connection.leaving.empty() || connection.out.empty()) return;
    connection.leaving.swap(connection.out);
    asio::async_write(connection.socket, asio::buffer(connection.leaving),
                      [this, line](const boost::system::error_code& error, std::size_t) {
                        const auto found = lines_.find(line);
                        if (error || found == lines_.end()) return;
                        found->second.leaving.clear();
                        found->second.out += charon_.take(line);
                        write(line);
                      });
  }

  Protocol::acceptor acceptor_;
  asio::signal_set signals_;
  vtid::test::ScriptedCharon charon_;
  std::optional<Kernel> kernel_;
  std::map<int, Connection> lines_;
  int last_line_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: scripted-charon SOCKET [in-kernel|endless-list|huge-errors|broken-text]\n", stderr);
    return 2;
  }
  asio::io_context context{1};
  const Server server(context, argv[1], argc == 3 ? argv[2] : "");
  context.run();
}
