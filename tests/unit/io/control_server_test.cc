// The control sockets for real, in a folder of their own. Server and clients share one io_context and one thread, so that
// nothing here depends on time; kPatience only bounds a test that fails.
#include "io/control_server.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "io/asio.h"
#include "io/control_turns.h"
#include "support/site.h"

namespace vtid::io {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Stream = boost::asio::local::stream_protocol;
constexpr auto kPatience = std::chrono::seconds{20};

std::string request(int id, const std::string& method, const std::string& params = "{}") {
  return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":")" + method + R"(","params":)" + params + "}\n";
}

const std::string kUp = request(1, "up", R"({"name":"hq"})");

class Control : public ::testing::Test {
 protected:
  Control() { EXPECT_NE(::mkdtemp(folder_.data()), nullptr); }
  ~Control() override {
    server_.reset();
    poll();
    std::filesystem::remove_all(folder_);
  }

  void poll() {
    context_.restart();
    context_.poll();
  }

  std::string full() const { return folder_ + "/vtid.sock"; }
  std::string view() const { return folder_ + "/view.sock"; }

  // The engine of these tests answers at once, except to `up`, which waits for finish().
  ControlWiring wiring() {
    return {[] { return std::make_shared<const model::Snapshot>(control::test::snapshot()); },
            [this](const model::Command& command, model::Caller caller, const model::Reply& done) {
              callers_.push_back(caller);
              if (std::holds_alternative<model::Up>(command)) return waiting_.push_back(done);
              done(model::Answer{"done", std::nullopt});
            },
            [this](int fd) {
              inherited_ |= (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
              return model::Caller{uid_, 43, 44};
            },
            idle_limit_, long_request_limit_};
  }

  Result<ControlServer> open(const std::string& group = "no-such-group") {
    return ControlServer::open(context_, {full(), group, "no-such-group"}, wiring());
  }
  void start() {
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().text;
    server_ = std::make_unique<ControlServer>(std::move(*opened));
  }

  void finish() {
    for (auto& done : waiting_) done(model::Answer{"hq is up", std::nullopt});
    waiting_.clear();
    poll();
  }

  Stream::socket connect(const std::string& path) {
    Stream::socket socket(context_);
    socket.connect(Stream::endpoint(path));
    poll();
    return socket;
  }

  // In the background: a client may have to read before all of it is taken.
  void send(Stream::socket& socket, std::string bytes) {
    auto kept = std::make_shared<std::string>(std::move(bytes));
    boost::asio::async_write(socket, boost::asio::buffer(*kept), [kept](boost::system::error_code, std::size_t) {});
    poll();
  }

  // The next line, or "" when the server closed the connection.
  std::string read_line(Stream::socket& socket) {
    std::string& buffer = buffers_[&socket];
    bool done = false;
    std::string line;
    boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(buffer), '\n',
                                  [&](boost::system::error_code error, std::size_t size) {
                                    done = true;
                                    if (error) return;
                                    line = buffer.substr(0, size - 1);
                                    buffer.erase(0, size);
                                  });
    context_.restart();
    while (!done && context_.run_one_for(kPatience) != 0) continue;
    EXPECT_TRUE(done);
    return line;
  }

  std::string ask(Stream::socket& socket, std::string bytes) {
    send(socket, std::move(bytes));
    return read_line(socket);
  }

  std::string folder_ = "/tmp/vtid-control-XXXXXX";
  boost::asio::io_context context_;
  std::unique_ptr<ControlServer> server_;
  std::vector<model::Reply> waiting_;
  std::uint32_t uid_ = 42;  // of who connects next
  Duration idle_limit_{60'000};
  Duration long_request_limit_{60'000};
  std::vector<model::Caller> callers_;
  bool inherited_ = false;
  std::map<const Stream::socket*, std::string> buffers_;
};

mode_t mode_of(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
}

std::string leave_stale_socket(const std::string& path) {
  boost::asio::io_context context;
  Stream::acceptor acceptor(context, Stream::endpoint(path));  // closing it leaves the file
  return path;
}

TEST_F(Control, AnswersAStatus) {
  start();
  auto client = connect(full());
  EXPECT_THAT(ask(client, request(1, "status")), HasSubstr("\"generation\":12"));
}

TEST_F(Control, TellsTheEngineWhoAsks) {
  start();
  auto client = connect(full());
  ask(client, request(1, "reload"));
  EXPECT_THAT(callers_, ::testing::ElementsAre(model::Caller{42, 43, 44}));
}

TEST_F(Control, KeepsItsDescriptorsFromProgramsThatAreRun) {
  start();
  auto client = connect(full());
  ask(client, request(1, "reload"));
  EXPECT_EQ(callers_.size(), 1U);
  EXPECT_FALSE(inherited_);
}

TEST_F(Control, AnswersSeveralRequestsInTheirOrder) {
  start();
  auto client = connect(full());
  send(client, request(1, "status") + request(2, "nonsense") + request(3, "reload"));
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(read_line(client).substr(17, 6));
  EXPECT_THAT(ids, ::testing::ElementsAre(R"("id":1)", R"("id":2)", R"("id":3)"));
}

TEST_F(Control, KeepsASessionThatSentNonsense) {
  start();
  auto client = connect(full());
  send(client, "{nonsense\n" + request(2, "reload"));
  EXPECT_THAT(read_line(client), HasSubstr("-32700"));
  EXPECT_THAT(read_line(client), HasSubstr(R"("id":2,"result")"));
}

TEST_F(Control, KeepsASessionThatSentTooLongALine) {
  start();
  auto client = connect(full());
  send(client, std::string(protocol::kMaxRequest + 1, 'x') + '\n' + request(2, "reload"));
  EXPECT_THAT(read_line(client), HasSubstr("-32600"));
  EXPECT_THAT(read_line(client), HasSubstr(R"("id":2,"result")"));
}

TEST_F(Control, ServesOthersWhileOneSendsNonsense) {
  start();
  auto bad = connect(full());
  auto good = connect(full());
  send(bad, std::string(100'000, '\xff'));
  bad.close();
  EXPECT_THAT(ask(good, request(1, "reload")), HasSubstr("result"));
}

TEST_F(Control, RefusesAChangeOnTheViewSocket) {
  start();
  auto client = connect(view());
  EXPECT_THAT(ask(client, request(1, "reload")), HasSubstr("-32001"));
}

TEST_F(Control, ServesOthersWhileOneWaits) {
  start();
  auto waiting = connect(full());
  auto other = connect(full());
  send(waiting, kUp);
  EXPECT_THAT(ask(other, request(2, "reload")), HasSubstr("result"));
}

TEST_F(Control, AnswersWhenTheOutcomeIsKnown) {
  start();
  auto client = connect(full());
  send(client, kUp);
  finish();
  EXPECT_THAT(read_line(client), HasSubstr("hq is up"));
}

TEST_F(Control, OutlivesAClientThatLeftWhileItWaited) {
  start();
  auto client = connect(full());
  send(client, kUp);
  client.close();
  finish();
  auto other = connect(full());
  EXPECT_THAT(ask(other, request(2, "reload")), HasSubstr("result"));
}

TEST_F(Control, DropsTheOutcomeThatComesAfterItsEnd) {
  start();
  auto client = connect(full());
  send(client, kUp);
  server_.reset();
  finish();
  EXPECT_EQ(read_line(client), "");
}

TEST_F(Control, SendsEventsOfTheKindAskedFor) {
  start();
  auto client = connect(view());
  ask(client, request(1, "subscribe", R"({"kind":"tunnel"})"));
  server_->publish({control::test::at(0), "gateway", "WAN_GW", "is down"});
  server_->publish({control::test::at(0), "tunnel", "hq", "is up"});
  EXPECT_THAT(read_line(client), HasSubstr("is up"));
}

TEST_F(Control, DropsAReaderThatIsTooSlowAndSaysWhy) {
  start();
  auto client = connect(view());
  ask(client, request(1, "subscribe"));
  // More than the kernel's buffers and the queue together can hold.
  const model::Event event{control::test::at(0), "tunnel", "hq", std::string(1024, 'x')};
  for (std::size_t i = 0; i < 16 * kMaxQueuedEvents; ++i) {
    server_->publish(event);
    poll();
  }
  std::string last;
  for (std::string line = read_line(client); !line.empty(); line = read_line(client)) last = line;
  EXPECT_THAT(last, HasSubstr(R"("method":"closing","params":{"reason":"you read slower)"));
}

// ---- places

class Crowd : public Control {
 protected:
  // Sessions that are not idle, of users who have no more places than others.
  void fill(const std::string& path, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      uid_ = 1'000 + static_cast<std::uint32_t>(i / kMaxSessionsOfUser);
      busy_.push_back(connect(path));
      EXPECT_THAT(ask(busy_.back(), request(1, "subscribe")), HasSubstr("result"));
    }
    uid_ = 42;
  }
  std::string come_as(std::uint32_t uid, const std::string& path) {
    uid_ = uid;
    auto client = connect(path);
    return ask(client, request(1, "status"));
  }

  std::deque<Stream::socket> busy_;
};

TEST_F(Crowd, IsToldThatThereIsNoPlaceLeft) {
  start();
  fill(view(), kMaxSessions);
  EXPECT_THAT(come_as(42, view()), HasSubstr(R"("code":-32004,"message":"there are 64 sessions on this socket already")"));
}

TEST_F(Crowd, LeavesTheOtherSocketAlone) {
  start();
  fill(view(), kMaxSessions);
  EXPECT_THAT(come_as(42, full()), HasSubstr("result"));
}

TEST_F(Crowd, LeavesPlacesForRoot) {
  start();
  fill(view(), kMaxSessions);
  EXPECT_THAT(come_as(0, view()), HasSubstr("result"));
}

TEST_F(Crowd, LeavesPlacesForTheDaemonsOwnUser) {
  start();
  fill(view(), kMaxSessions);
  EXPECT_THAT(come_as(::geteuid(), view()), HasSubstr("result"));
}

TEST_F(Crowd, OfOneUserLeavesPlacesForOthers) {
  start();
  fill(view(), kMaxSessionsOfUser);
  EXPECT_THAT(come_as(1'000, view()), HasSubstr("user 1000 has 32 sessions on this socket already"));
  EXPECT_THAT(come_as(42, view()), HasSubstr("result"));
}

TEST_F(Crowd, OfIdleSessionsMakesWay) {
  start();
  std::deque<Stream::socket> idle;
  for (std::size_t i = 0; i < kMaxSessionsOfUser; ++i) idle.push_back(connect(view()));
  EXPECT_THAT(come_as(42, view()), HasSubstr("result"));
  EXPECT_THAT(read_line(idle.front()), HasSubstr(R"("method":"closing")"));
}

TEST_F(Crowd, OfHalfRequestsMakesWay) {
  start();
  std::deque<Stream::socket> idle;
  for (std::size_t i = 0; i < kMaxSessionsOfUser; ++i) {
    idle.push_back(connect(view()));
    send(idle.back(), "{\"jsonrpc\":");
  }
  EXPECT_THAT(come_as(42, view()), HasSubstr("result"));
}

TEST_F(Crowd, OfRootsIdleSessionsMakesWayForRoot) {
  start();
  std::deque<Stream::socket> idle;
  uid_ = 0;
  for (std::size_t i = 0; i < kMaxSessions + kKeptForRoot; ++i) idle.push_back(connect(full()));
  EXPECT_THAT(come_as(0, full()), HasSubstr("result"));
}

TEST_F(Crowd, ThatLeftWhileItsCommandsWaitedFreesItsPlaces) {
  start();
  {
    std::deque<Stream::socket> clients;
    for (std::size_t i = 0; i < kMaxSessionsOfUser; ++i) {
      clients.push_back(connect(full()));
      send(clients.back(), kUp);
    }
  }
  poll();
  EXPECT_EQ(waiting_.size(), kMaxSessionsOfUser);
  EXPECT_THAT(come_as(42, full()), HasSubstr("result"));
}

// ---- clients that leave, or stay and ask for nothing

TEST_F(Control, NobodyWantsTheOutcomeOnceTheClientLeft) {
  start();
  auto client = connect(full());
  send(client, kUp);
  const bool wanted = waiting_.front().is_wanted();
  client.close();
  poll();
  EXPECT_EQ(std::pair(wanted, waiting_.front().is_wanted()), std::pair(true, false));
}

TEST_F(Control, AnswersAClientThatOnlySendsNoMore) {
  start();
  auto client = connect(full());
  send(client, kUp);
  client.shutdown(Stream::socket::shutdown_send);
  poll();
  finish();
  EXPECT_THAT(read_line(client), HasSubstr("hq is up"));
}

TEST_F(Control, ServesWhatAClientAskedBeforeItLeft) {
  start();
  auto client = connect(full());
  boost::asio::write(client, boost::asio::buffer(kUp + R"({"jsonrpc":"2.0","method":"reload"})" + "\n"));
  client.close();
  poll();
  EXPECT_EQ(callers_.size(), 2U);
}

TEST_F(Control, EndsASessionThatAsksForNothing) {
  idle_limit_ = Duration{1};
  start();
  auto client = connect(view());
  EXPECT_THAT(read_line(client), HasSubstr(R"("method":"closing","params":{"reason":"no request came for )"));
  EXPECT_EQ(read_line(client), "");
}

TEST_F(Control, EndsASessionThatSendsHalfARequest) {
  idle_limit_ = Duration{1};
  start();
  Stream::socket client(context_);
  client.connect(Stream::endpoint(view()));
  boost::asio::write(client, boost::asio::buffer(std::string("{\"jsonrpc\":")));
  EXPECT_THAT(read_line(client), HasSubstr("no request came for "));
}

TEST_F(Control, EndsALongRequestThatDoesNotEnd) {
  long_request_limit_ = Duration{1};
  start();
  auto client = connect(full());
  send(client, std::string(2 * protocol::kMaxShortRequest, 'x'));
  EXPECT_THAT(read_line(client), HasSubstr("a long request did not end within "));
}

TEST_F(Control, KeepsASessionWhoseCommandWaits) {
  idle_limit_ = Duration{1};
  start();
  Stream::socket client(context_);
  client.connect(Stream::endpoint(full()));
  boost::asio::write(client, boost::asio::buffer(kUp));
  poll();
  while (waiting_.empty()) {  // the limit may have come first
    client = Stream::socket(context_);
    client.connect(Stream::endpoint(full()));
    boost::asio::write(client, boost::asio::buffer(kUp));
    poll();
  }
  context_.restart();
  context_.run_for(std::chrono::milliseconds{20});
  finish();
  EXPECT_THAT(read_line(client), HasSubstr("hq is up"));
}

// ---- long requests

TEST_F(Control, TakesNoLongRequestOnTheViewSocket) {
  start();
  auto client = connect(view());
  send(client, request(1, "status", std::string(protocol::kMaxShortRequest, ' ') + "{}") + request(2, "status"));
  EXPECT_THAT(read_line(client), HasSubstr("-32600"));
  EXPECT_THAT(read_line(client), HasSubstr(R"("id":2,"result")"));
}

TEST_F(Control, TakesThePlanOfALongFile) {
  start();
  auto client = connect(full());
  const std::string text(protocol::kMaxRequest - 200, '[');
  EXPECT_THAT(ask(client, request(1, "plan", R"({"path":"/x","text":")" + text + R"("})")), HasSubstr(R"("id":1,"result")"));
}

TEST_F(Control, TakesOnlySoManyLongRequestsAtATime) {
  start();
  std::deque<Stream::socket> clients;
  uid_ = 0;
  for (std::size_t i = 0; i < ControlTurns::kMaxLongRequests; ++i) {
    clients.push_back(connect(full()));
    send(clients.back(), std::string(2 * protocol::kMaxShortRequest, 'x'));
  }
  auto extra = connect(full());
  send(extra, std::string(2 * protocol::kMaxShortRequest, 'x') + '\n' + request(2, "status"));
  EXPECT_THAT(read_line(extra), HasSubstr("8 long requests are being sent already"));
  EXPECT_THAT(read_line(extra), HasSubstr(R"("id":2,"result")"));
}

TEST_F(Control, GivesThePlaceOfALongRequestBack) {
  start();
  auto client = connect(full());
  const std::string plan = request(1, "plan", R"({"path":"/x","text":")" + std::string(10'000, ' ') + R"("})");
  for (std::size_t i = 0; i <= ControlTurns::kMaxLongRequests; ++i) {
    ASSERT_THAT(ask(client, plan), HasSubstr("result"));
    send(client, std::string(2 * protocol::kMaxShortRequest, 'x') + '\n');
    ASSERT_THAT(read_line(client), HasSubstr("-32700"));
    auto other = connect(full());
    send(other, std::string(2 * protocol::kMaxShortRequest, 'x'));
    other.close();
    poll();
  }
}

// ---- turns

TEST_F(Control, ServesOthersBetweenTheRequestsOfOne) {
  start();
  auto many = connect(view());
  auto one = connect(view());
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += request(i, "status");
  boost::asio::write(many, boost::asio::buffer(requests));
  boost::asio::write(one, boost::asio::buffer(request(1, "status")));
  EXPECT_THAT(read_line(one), HasSubstr("result"));
  EXPECT_LT(callers_.size(), 10U);
}

TEST_F(Control, ServesThousandsOfRequestsOfOneSession) {
  start();
  auto client = connect(view());
  std::string requests;
  for (int i = 0; i < 5'000; ++i)
    requests += R"({"jsonrpc":"2.0","method":"nonsense"})"
                "\n";
  EXPECT_THAT(ask(client, requests + request(7, "status")), HasSubstr(R"("id":7,"result")"));
}

TEST_F(Control, FreesTheSessionOfAClientThatLeft) {
  start();
  for (std::size_t i = 0; i <= kMaxSessions; ++i) {
    auto client = connect(view());
    ASSERT_THAT(ask(client, request(1, "status")), HasSubstr("result"));
    client.close();
    poll();
  }
}

TEST_F(Control, IsTheUsersAloneWhereTheGroupDoesNotExist) {
  start();
  EXPECT_EQ(std::pair(mode_of(full()), mode_of(view())), std::pair(mode_t{0600}, mode_t{0600}));
}

TEST_F(Control, IsTheGroupsWhereItExists) {
  const auto opened = open(::getgrgid(::getgid())->gr_name);
  EXPECT_EQ(mode_of(full()), mode_t{0660});
}

TEST_F(Control, ReplacesASocketThatNobodyAnswersOn) {
  leave_stale_socket(full());
  start();
  auto client = connect(full());
  EXPECT_THAT(ask(client, request(1, "reload")), HasSubstr("result"));
}

TEST_F(Control, RefusesASocketThatSomebodyAnswersOn) {
  start();
  EXPECT_THAT(open().error().text, HasSubstr("another daemon answers on"));
}

TEST_F(Control, RefusesToReplaceAFileThatIsNoSocket) {
  std::ofstream(full()) << "precious";
  EXPECT_THAT(open().error().text, EndsWith("is in the way and is no socket"));
}

TEST_F(Control, RefusesAFolderInWhichAnybodyMayWrite) {
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  EXPECT_THAT(open().error().text, HasSubstr("anybody may write in"));
}

TEST_F(Control, RefusesAPathThatNoSocketCanHave) {
  folder_ += '/' + std::string(200, 'x');
  EXPECT_THAT(open().error().text, HasSubstr("is longer than"));
}

TEST_F(Control, RemovesItsFilesAtTheEnd) {
  start();
  server_.reset();
  EXPECT_THAT(std::vector(std::filesystem::directory_iterator(folder_), {}), SizeIs(0));
}

}  // namespace
}  // namespace vtid::io
