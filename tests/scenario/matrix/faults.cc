#include "scenario/matrix/faults.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace vtid::test::matrix {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Fault around_steps(std::string name, std::function<void(Rig&)> happen, bool remakes_links = false) {
  return {std::move(name), &Counts::steps, {}, std::move(happen), remakes_links};
}

Fault of_kernel(std::string name, TamperedKernel::Way way, int code = 0, int times = 1) {
  return {"kernel: " + name, &Counts::operations, [=](Rig& rig, std::size_t point) {
            rig.tampered.fail({point, way, code, times});
          }};
}

std::vector<Fault> of_the_kernel() {
  using enum TamperedKernel::Way;
  std::vector<Fault> all;
  for (const auto& [name, code] :
       {std::pair{"EPERM", EPERM}, {"ENOBUFS", ENOBUFS}, {"EEXIST", EEXIST}, {"ENODEV", ENODEV}, {"EIO", EIO}}) {
    all.push_back(of_kernel(fmt::format("{} once", name), refused, code));
  }
  all.push_back(of_kernel("EPERM four times", refused, EPERM, 4));
  all.push_back(of_kernel("done, but EIO is told", done_but_refused, EIO));
  all.push_back(of_kernel("lost", lost));
  all.push_back(of_kernel("late", late));
  all.push_back({"kernel: a look fails", &Counts::looks,
                 [](Rig& rig, std::size_t point) { rig.tampered.fail_looks(point, 1, ENOBUFS); }});
  all.push_back({"kernel: four looks fail", &Counts::looks,
                 [](Rig& rig, std::size_t point) { rig.tampered.fail_looks(point, 4, EPERM); }});
  all.push_back(around_steps("kernel: notices are lost for 10 s", [](Rig& rig) {
    rig.tampered.be_deaf(true);
    rig.later(seconds{10}, [&rig] { rig.tampered.be_deaf(false); });
  }));
  all.push_back(around_steps("kernel: notices overflow", [](Rig& rig) { rig.kernel.lose_notices(); }));
  return all;
}

std::vector<Fault> of_vici() {
  using Way = TamperedWire::Way;
  std::vector<Fault> all;
  for (const auto& [name, way] : {std::pair{"refused", Way::refused},
                                  {"done, but refused", Way::done_but_refused},
                                  {"never answered", Way::never_answered},
                                  {"cut before", Way::cut_before},
                                  {"cut after", Way::cut_after},
                                  {"cut within the answer", Way::cut_within},
                                  {"answered 5 s late", Way::late}}) {
    all.push_back(
        {fmt::format("vici: {}", name), &Counts::requests, [way](Rig& rig, std::size_t point) { rig.wire.fail(point, way); }});
  }
  return all;
}

std::vector<Fault> of_the_disk() {
  using Way = TamperedStore::Way;
  std::vector<Fault> all;
  for (const auto& [name, way, times] : {std::tuple{"disk: full once", Way::full, 1U},
                                         {"disk: full five times", Way::full, 5U},
                                         {"vtid: killed before a write", Way::killed_before, 1U},
                                         {"vtid: killed after a write", Way::killed_after, 1U}}) {
    all.push_back({name, &Counts::writes, [way, times](Rig& rig, std::size_t point) { rig.disk().fail({point, way, times}); }});
  }
  return all;
}

void kill(
    Rig& rig, Duration away, std::function<void()> meanwhile = [] {}) {
  if (rig.engine) rig.kill_and_restart(away, std::move(meanwhile));
}

std::vector<Fault> of_vtid_and_clocks() {
  std::vector<Fault> all;
  all.push_back(of_kernel("", TamperedKernel::Way::killed));
  all.back().name = "vtid: killed before an operation";
  all.push_back(
      {"vtid: killed before an effect", &Counts::effects, [](Rig& rig, std::size_t point) { rig.kill_at_effect(point); }});
  all.push_back(around_steps("vtid: killed, away for 1 s", [](Rig& rig) { kill(rig, Rig::kAway); }));
  all.push_back(around_steps("vtid: killed, away for 10 min", [](Rig& rig) { kill(rig, minutes{10}); }));
  for (const auto& [name, by] :
       {std::pair{"+1 h", seconds{hours{1}}}, {"+1 day", seconds{hours{24}}}, {"-1 day", -seconds{hours{24}}}}) {
    all.push_back(around_steps(fmt::format("clock: {}", name), [by](Rig& rig) { rig.step_clock(by); }));
    all.push_back(around_steps(fmt::format("vtid: killed, clock {}", name),
                               [by](Rig& rig) { kill(rig, Rig::kAway, [&rig, by] { rig.step_clock(by); }); }));
  }
  return all;
}

void restart_charon(Rig& rig, const std::string& version) {
  rig.end_charon();
  rig.later(seconds{3}, [&rig, version] { rig.begin_charon(version); });
}

std::vector<Fault> of_charon() {
  return {around_steps("charon: killed", [](Rig& rig) { restart_charon(rig, rig.charon.version); }),
          around_steps("charon: another version", [](Rig& rig) { restart_charon(rig, "6.0.1"); }),
          around_steps("charon: stopped for 30 s", [](Rig& rig) { rig.pause_charon(seconds{30}); }),
          around_steps("charon: stopped for 10 min", [](Rig& rig) { rig.pause_charon(minutes{10}); }),
          around_steps("charon: both are killed",
                       [](Rig& rig) {
                         kill(rig, seconds{2});
                         restart_charon(rig, rig.charon.version);
                       }),
          around_steps(
              "charon: our connections are unloaded",
              [](Rig& rig) { std::erase_if(rig.charon.connections, [](const auto& item) { return item.first != "theirs"; }); }),
          around_steps(
              "charon: our secrets are unloaded",
              [](Rig& rig) { std::erase_if(rig.charon.secrets, [](const auto& item) { return item.first != "theirs"; }); }),
          around_steps("charon: everything of ours is unloaded", [](Rig& rig) {
            std::erase_if(rig.charon.connections, [](const auto& item) { return item.first != "theirs"; });
            std::erase_if(rig.charon.secrets, [](const auto& item) { return item.first != "theirs"; });
          })};
}

// What a person with root's rights and without a plan does to what is ours.
void for_our_links(Rig& rig, const std::function<void(const model::ObservedLink&)>& act) {
  const model::Observed seen = rig.kernel.seen();
  for (const auto& link : seen.links) {
    if (link.owner == model::Owner::vtid) act(link);
  }
}

// By the same operations that vtid has, past it.
template <class List>
void take_away(Rig& rig, List model::Observed::*list, model::Change (*change)(const typename List::value_type&)) {
  const model::Observed seen = rig.kernel.seen();
  for (const auto& item : seen.*list) {
    const model::Op op{change(item), {}, {}, {}};
    (void)rig.kernel.apply(std::span(&op, 1), Duration::max());
  }
}

std::vector<Fault> of_other_hands() {
  return {
      around_steps(
          "hands: our links are deleted",
          [](Rig& rig) { for_our_links(rig, [&](const auto& link) { rig.kernel.delete_link(link.name); }); }, true),
      around_steps(
          "hands: our links are set down",
          [](Rig& rig) { for_our_links(rig, [&](const auto& link) { rig.kernel.set_link(link.name, false, link.mtu); }); }),
      around_steps("hands: our links get another MTU",
                   [](Rig& rig) { for_our_links(rig, [&](const auto& link) { rig.kernel.set_link(link.name, true, 1290); }); }),
      around_steps("hands: our addresses are flushed",
                   [](Rig& rig) { for_our_links(rig, [&](const auto& link) { rig.kernel.flush_addresses(link.name); }); }),
      around_steps("hands: our routes are deleted",
                   [](Rig& rig) {
                     const model::Observed seen = rig.kernel.seen();
                     for (const auto& item : seen.routes) rig.kernel.delete_route(item.route);
                   }),
      around_steps("hands: our rules are deleted",
                   [](Rig& rig) {
                     take_away(rig, &model::Observed::rules,
                               [](const model::Rule& rule) -> model::Change { return model::DeleteRule{rule}; });
                   }),
      around_steps("hands: our policies are deleted",
                   [](Rig& rig) {
                     take_away(rig, &model::Observed::policies,
                               [](const model::Policy& policy) -> model::Change { return model::DeletePolicy{policy}; });
                   }),
      around_steps("hands: our SAs are deleted",
                   [](Rig& rig) {
                     const model::Observed seen = rig.kernel.seen();
                     for (const auto& sa : seen.sas) rig.kernel.delete_sa(sa);
                   }),
      around_steps("hands: our filter is deleted", [](Rig& rig) { rig.kernel.delete_filter(); }),
      around_steps("hands: our filter is altered",
                   [](Rig& rig) {
                     if (rig.kernel.seen().filter) rig.kernel.alter_filter();
                   }),
  };
}

}  // namespace

std::vector<Fault> faults() {
  std::vector<Fault> all;
  for (const auto& more : {of_the_kernel(), of_vici(), of_the_disk(), of_vtid_and_clocks(), of_charon(), of_other_hands()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

const std::vector<OtherEnd>& other_ends() {
  static const std::vector<OtherEnd> kAll{
      {"held down", "vtid: killed", "start", "`down` holds until `up` or a restart of vtid"},
      {"held down", "charon: both are killed", "start", "`down` holds until `up` or a restart of vtid"},
      {"no longer called", "", "waits for its peer", "once its SAs are gone nobody here calls again"},
  };
  return kAll;
}

}  // namespace vtid::test::matrix
