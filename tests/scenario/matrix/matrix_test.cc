// Every story with every fault at every point ends in the world in which it ends without: in the kernel, in charon, in the
// state directory and in what the daemon says, at rest, with nothing of others touched, and a restart finds nothing to do.
//
// VTID_MATRIX=FAULT tries only faults whose names begin so. A line for each fault tells how many points were tried and how many
// ended otherwise (./table sums them); a story's own line holds its sums.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "scenario/matrix/faults.h"
#include "scenario/matrix/picture.h"
#include "scenario/matrix/stories.h"

namespace vtid::test::matrix {
namespace {

#ifdef __SANITIZE_ADDRESS__  // ten times as slow: some of the points, for what only a sanitizer sees
constexpr std::size_t kStride = 8;
#else
constexpr std::size_t kStride = 1;
#endif
constexpr std::size_t kMostTold = 5;
constexpr Duration kSettling = std::chrono::minutes{3};
constexpr int kPatience = 5;  // of an administrator whose order was refused
constexpr Duration kBetweenOrders{20'000};
constexpr Duration kQuiet = std::chrono::minutes{1};
constexpr Duration kAdopting{20'000};

struct End {
  std::string world, restarted;
  std::size_t writes = 0, loads = 0;  // when all is at rest, and of a restart then
  std::map<net::IfName, int> made;
  std::string others;  // what is missing
  Counts counts;
};

struct Injected {
  const Fault* fault = nullptr;
  std::size_t point = 0;
};

void play(Rig& rig, const Story& story, const Injected& injected) {
  const Fault* fault = injected.fault;
  if (fault != nullptr && fault->prepare) fault->prepare(rig, injected.point);
  const auto moment = [&](std::size_t point) {
    if (fault != nullptr && fault->happen && injected.point == point) fault->happen(rig);
  };
  for (std::size_t step = 0; step < story.steps.size(); ++step) {
    story.steps[step].act(rig);
    moment(step * kMomentsOfStep);
    rig.advance(kAMoment);
    moment(step * kMomentsOfStep + 1);
    rig.advance(story.steps[step].takes - kAMoment);
    moment(step * kMomentsOfStep + 2);
  }
}

// What waits for the story's end: that charon goes on, that vtid is back.
void settle(Rig& rig) {
  rig.advance(rig.longest_wait());
  for (int times = 0; times < kPatience && rig.ask_again(); ++times) rig.advance(kBetweenOrders);
  rig.advance(kSettling);
}

End end_of(const Story& story, const Injected& injected) {
  Rig rig(story.file);
  play(rig, story, injected);
  End end;
  end.counts = {rig.tampered.operations(), rig.tampered.looks(), rig.wire.requests(),
                rig.disk().writes(),       rig.effects(),        story.steps.size() * kMomentsOfStep};
  settle(rig);
  if (!rig.engine) throw std::runtime_error("vtid does not start");
  end.world = paint(rig);
  const std::size_t writes = rig.kernel.writes();
  const int loads = rig.loads();
  rig.advance(kQuiet);
  end.loads = static_cast<std::size_t>(rig.loads() - loads);
  rig.kill_and_restart();
  rig.advance(kAdopting);
  end.writes = rig.kernel.writes() - writes;
  end.restarted = paint(rig);
  end.made = rig.tampered.made();
  end.others = rig.missing_plants();
  return end;
}

std::string difference(const std::string& wanted, const std::string& found) {
  std::string text;
  const auto lines_only_in = [&text](std::string_view one, std::string_view other, char mark) {
    for (std::size_t begin = 0; begin < one.size();) {
      const std::size_t end = one.find('\n', begin);
      const std::string_view line = one.substr(begin, end - begin + 1);
      if (!other.contains(line)) text += fmt::format("    {} {}", mark, line);
      begin = end + 1;
    }
  };
  lines_only_in(wanted, found, '-');
  lines_only_in(found, wanted, '+');
  return text;
}

// Empty when the end is as wanted.
std::string complaint(const End& wanted, const End& found, const Fault& fault) {
  std::string text;
  if (found.world != wanted.world) text += "  ends in another world:\n" + difference(wanted.world, found.world);
  if (found.world == wanted.world && found.restarted != wanted.restarted) {
    text += "  is another after a restart:\n" + difference(wanted.restarted, found.restarted);
  }
  if (found.writes != wanted.writes) text += fmt::format("  writes {} times at rest\n", found.writes);
  if (found.loads != wanted.loads) text += fmt::format("  loads {} times at rest\n", found.loads);
  if (!found.others.empty()) text += "  of others it touched:" + found.others + "\n";
  for (const auto& [link, times] : found.made) {
    const auto known = wanted.made.find(link);
    if (!fault.remakes_links && times > (known == wanted.made.end() ? 0 : known->second)) {
      text += fmt::format("  made {} {} times\n", link.text(), times);
    }
  }
  return text;
}

class Matrix : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] static bool is_wished(const Fault& fault) {
    const char* wish = std::getenv("VTID_MATRIX");
    return wish == nullptr || fault.name.starts_with(wish);
  }
  // The story's own end, and those that the fault may lead to by right.
  std::string judge(const Fault& fault, std::size_t point) {
    std::string text;
    try {
      const End found = end_of(story, {&fault, point});
      text = complaint(wanted, found, fault);
      for (const OtherEnd& other : other_ends()) {
        if (text.empty() || other.story != story.name || !fault.name.starts_with(other.fault)) continue;
        if (complaint(end_of(story_named(other.ends_like), {}), found, fault).empty()) text.clear();
      }
    } catch (const std::exception& error) {
      text = fmt::format("  {}\n", error.what());
    }
    return text;
  }

  const Story& story = story_named(GetParam());
  End wanted;
};

TEST_P(Matrix, EndsAsWithoutTheFault) {
  wanted = end_of(story, {});
  ASSERT_NE(wanted.world.find("converged true"), std::string::npos) << wanted.world;
  ASSERT_EQ(wanted.writes, 0U);
  std::size_t tried = 0, failed = 0;
  for (const Fault& fault : faults()) {
    const std::size_t count = is_wished(fault) ? wanted.counts.*fault.points : 0;
    std::size_t bad = 0;
    for (std::size_t point = 0; point < count; point += kStride, ++tried) {
      const std::string text = judge(fault, point);
      bad += text.empty() ? 0U : 1U;
      if (!text.empty() && bad <= kMostTold)
        ADD_FAILURE() << story.name << " / " << fault.name << " / " << point << "\n" << text;
    }
    failed += bad;
    std::cout << fmt::format("| {} | {} | {} | {} |\n", story.name, fault.name, count, bad);
  }
  std::cout << fmt::format("{}: {} tried, {} failed\n", story.name, tried, failed);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Story& story : stories()) {
    if (!story.linux_only || Rig(story.file).kernel.is_linux()) all.push_back(story.name);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Stories, Matrix, testing::ValuesIn(names()), [](const auto& story) {
  std::string name = story.param;
  std::ranges::replace_if(
      name, [](char c) { return c == ' '; }, '_');
  return name;
});

}  // namespace
}  // namespace vtid::test::matrix
