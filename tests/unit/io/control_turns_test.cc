#include "io/control_turns.h"

#include <gmock/gmock.h>

namespace vtid::io {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Lane = ControlTurns::Lane;

class Turns : public ::testing::Test {
 protected:
  void wait(Lane lane, std::string name) {
    turns_->wait(lane, [this, name = std::move(name)] { went_.push_back(name); });
  }
  void run() {
    context_.restart();
    context_.poll();
  }

  boost::asio::io_context context_;
  std::shared_ptr<ControlTurns> turns_ = std::make_shared<ControlTurns>(context_.get_executor());
  std::vector<std::string> went_;
};

TEST_F(Turns, SessionsOfALaneGoInTheirOrder) {
  for (const char* name : {"a", "b", "c"}) wait(Lane::view, name);
  run();
  EXPECT_THAT(went_, ElementsAre("a", "b", "c"));
}

TEST_F(Turns, ALaneWithManyDoesNotDelayAnother) {
  for (const char* name : {"a", "b", "c"}) wait(Lane::view, name);
  wait(Lane::full_root, "root");
  run();
  EXPECT_THAT(went_, ElementsAre("root", "a", "b", "c"));
}

TEST_F(Turns, WhatIsReadyComesBetweenTwoTurns) {
  turns_->wait(Lane::view, [this] { boost::asio::post(context_, [this] { went_.emplace_back("something else"); }); });
  wait(Lane::view, "b");
  wait(Lane::view, "c");
  run();
  EXPECT_THAT(went_, ElementsAre("b", "something else", "c"));
}

TEST_F(Turns, ALaneWhoseClientsDoNotReadGetsNone) {
  turns_->hold(Lane::view, ControlTurns::kMaxUnread);
  wait(Lane::view, "a");
  wait(Lane::full, "b");
  run();
  EXPECT_THAT(went_, ElementsAre("b"));
}

TEST_F(Turns, ALaneGoesOnWhenItsClientsHaveRead) {
  turns_->hold(Lane::view, ControlTurns::kMaxUnread);
  wait(Lane::view, "a");
  run();
  turns_->release(Lane::view, 1);
  run();
  EXPECT_THAT(went_, ElementsAre("a"));
}

TEST_F(Turns, NobodyWaitsBeyondTheEnd) {
  turns_->hold(Lane::view, ControlTurns::kMaxUnread);
  wait(Lane::view, "a");
  turns_->close();
  run();
  EXPECT_THAT(went_, ElementsAre("a"));
}

TEST_F(Turns, OnlySoManySendLongRequestsAtATime) {
  std::size_t taken = 0;
  while (turns_->take_long_request()) ++taken;
  EXPECT_EQ(taken, ControlTurns::kMaxLongRequests);
  turns_->give_long_request_back();
  EXPECT_TRUE(turns_->take_long_request());
}

}  // namespace
}  // namespace vtid::io
