// scripted-charon SOCKET [LIE]: the scripted charon of the unit tests behind a real vici socket, for tests with more tunnels
// than a real charon could negotiate in time. Every peer answers at once. LIE is "endless-list" (of SAs), "huge-errors" (60,000
// bytes for each load) or "broken-text" (that is not UTF-8). SIGUSR1 rekeys one CHILD_SA, SIGUSR2 all. Ends with its process.
#include <csignal>
#include <cstdio>
#include <list>
#include <map>
#include <string_view>
#include <vector>

#include "io/asio.h"
#include "support/scripted_charon.h"

namespace {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

class Server {
 public:
  Server(asio::io_context& context, const char* path, std::string_view lie)
      : acceptor_(context, Protocol::endpoint(path)), signals_(context, SIGUSR1, SIGUSR2) {
    if (lie == "endless-list") charon_.endless_list = true;
    if (lie == "huge-errors") charon_.refused_all = std::string(60'000, 'x');
    if (lie == "broken-text") charon_.refused_all = charon_.version = "5.9.8 \xff\xfe\xc3(";
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
  std::map<int, Connection> lines_;
  int last_line_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: scripted-charon SOCKET [endless-list|huge-errors|broken-text]\n", stderr);
    return 2;
  }
  asio::io_context context{1};
  const Server server(context, argv[1], argc == 3 ? argv[2] : "");
  context.run();
}
