// A daemon of one connection: answers each line that it reads with the next of its answers, then closes.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace vtid::ctl::test {

class FakeDaemon {
 public:
  explicit FakeDaemon(std::vector<std::string> answers) : answers_(std::move(answers)) {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path().data(), path().size());
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeDaemon() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // where no client came
    if (thread_.joinable()) thread_.join();
    std::filesystem::remove_all(folder_);
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  [[nodiscard]] std::string path() const { return folder_ + "/vtid.sock"; }

  // What was asked; waits until the connection has ended.
  const std::vector<std::string>& requests() {
    if (thread_.joinable()) thread_.join();
    return requests_;
  }

 private:
  void serve() {
    const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
    for (const std::string& answer : answers_) {
      std::string line;
      for (char byte = 0; byte != '\n' && ::recv(client.get(), &byte, 1, 0) == 1;) line += byte;
      if (line.empty()) return;
      requests_.push_back(line);
      EXPECT_EQ(::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL), static_cast<ssize_t>(answer.size()));
    }
  }

  std::string folder_ = "/tmp/vtid-ctl-XXXXXX";
  std::vector<std::string> answers_;
  std::vector<std::string> requests_;
  UniqueFd listener_;
  std::thread thread_;
};

}  // namespace vtid::ctl::test
