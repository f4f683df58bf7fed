// Real UNIX sockets of this machine, in a folder of their own.
#include "io/vici_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "base/unique_fd.h"
#include "io/asio.h"

namespace vtid::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using vici::Channel;

class Transport : public testing::Test {
 protected:
  Transport() { std::filesystem::create_directory(folder); }
  ~Transport() override { std::filesystem::remove_all(folder); }

  // Nobody accepts: a charon that is stopped.
  UniqueFd listen(int backlog) const { return listen(backlog, path); }
  static UniqueFd listen(int backlog, const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd.get(), backlog), 0);
    return fd;
  }
  ViciTransport transport() {
    return {context,
            "unix://" + path,
            {.run_of_peer = [](int fd) { return fd >= 0 ? "the listener" : ""; },
             .opened = [this](Channel, std::string_view run) { said.push_back("opened to " + std::string(run)); },
             .received = [this](Channel, std::string_view bytes) { said.emplace_back(bytes); },
             .closed = [this](Channel, const std::string& reason) { said.push_back(reason); }}};
  }
  void until_said(std::size_t count) {
    while (said.size() < count) {
      if (context.stopped()) context.restart();
      ASSERT_GT(context.run_one_for(std::chrono::seconds(30)), 0U) << "said only " << said.size();
    }
  }

  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("vtid-vici-" + std::to_string(::getpid()));
  const std::string path = folder / "charon.vici";
  boost::asio::io_context context;
  std::vector<std::string> said;
};

TEST_F(Transport, SaysWhoIsAtTheOtherEndAndWhatComesFromThere) {
  const UniqueFd listener = listen(3);
  ViciTransport line = transport();
  line.carry_out(vici::Open{Channel::events});
  until_said(1);
  const UniqueFd peer(::accept(listener.get(), nullptr, nullptr));
  ASSERT_EQ(::write(peer.get(), "hello", 5), 5);
  until_said(2);
  EXPECT_THAT(said, ElementsAre("opened to the listener", "hello"));
}

TEST_F(Transport, SaysThatACharonWithAFullBacklogDoesNotAccept) {
  const UniqueFd listener = listen(0);
  ViciTransport line = transport();
  for (const Channel channel : {Channel::events, Channel::queries, Channel::commands}) line.carry_out(vici::Open{channel});
  until_said(3);
  EXPECT_THAT(said, ElementsAre("opened to the listener", path + ": charon does not accept connections; is it stopped?",
                                path + ": charon does not accept connections; is it stopped?"));
}

TEST_F(Transport, SaysThatNobodyIsThere) {
  ViciTransport line = transport();
  line.carry_out(vici::Open{Channel::events});
  until_said(1);
  EXPECT_THAT(said, ElementsAre(path + ": No such file or directory"));
}

TEST_F(Transport, GivesUpOneThatDoesNotReadWhatItIsSent) {
  const UniqueFd listener = listen(3);
  ViciTransport line = transport();
  line.carry_out(vici::Open{Channel::commands});
  until_said(1);
  for (std::size_t sent = 0; sent <= kMostUnsent; sent += 1'000'000)
    line.carry_out(vici::Send{Channel::commands, std::string(1'000'000, 'x')});
  until_said(2);
  EXPECT_THAT(said.back(), HasSubstr("charon does not read what it is sent"));
}

TEST_F(Transport, LedToAnotherSocketItReportsWhatWasOpenClosedAndOpensTheOther) {
  const UniqueFd listener = listen(3);
  const std::string other = folder / "other.vici";
  const UniqueFd second = listen(3, other);
  ViciTransport line = transport();
  line.carry_out(vici::Open{Channel::events});
  until_said(1);
  line.lead_to("unix://" + other);
  line.lead_to("unix://" + other);  // the same again changes nothing
  until_said(2);
  EXPECT_THAT(said, ElementsAre("opened to the listener", other + ": the configuration names this socket now"));
  line.carry_out(vici::Open{Channel::events});
  until_said(3);
  const UniqueFd peer(::accept(second.get(), nullptr, nullptr));
  ASSERT_EQ(::write(peer.get(), "hello", 5), 5);
  until_said(4);
  EXPECT_EQ(said.back(), "hello");
}

TEST_F(Transport, LedToTheSocketThatItHasItKeepsItsConnections) {
  const UniqueFd listener = listen(3);
  ViciTransport line = transport();
  line.carry_out(vici::Open{Channel::events});
  until_said(1);
  line.lead_to("unix://" + path);
  context.poll();
  EXPECT_THAT(said, ElementsAre("opened to the listener"));
}

TEST_F(Transport, AClosedLineSaysNothingMore) {
  const UniqueFd listener = listen(3);
  ViciTransport line = transport();
  line.carry_out(vici::Open{Channel::events});
  line.carry_out(vici::Close{Channel::events});
  context.run();
  EXPECT_THAT(said, ElementsAre());
}

}  // namespace
}  // namespace vtid::io
