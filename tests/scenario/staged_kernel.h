// A kernel in memory, the others who share it, and what goes wrong with it. Which kernel it is, the program decides: each
// scenario is played on the Linux-like one, and on FreeBSD's backend over a FreeBSD-like one.
#pragma once

#include <functional>
#include <map>

#include "contract/stage.h"
#include "contract/world_fake_freebsd.h"

namespace vtid::test {

[[nodiscard]] contract::Backend open_staged();  // one definition in each program

class StagedKernel final : public platform::Kernel {
 public:
  StagedKernel();

  [[nodiscard]] platform::Capabilities capabilities() const override {
    platform::Capabilities system = backend_.kernel->capabilities();
    system.shared_with_charon = shared_with_charon;
    return system;
  }
  // The stage then keeps in it what its charon would. To be said before vtid starts.
  bool shared_with_charon = true;
  [[nodiscard]] Result<model::Observed> observe() override {
    if (const int code = std::exchange(failing_observe_, 0); code != 0) return fail("cannot list links", {}, code);
    return backend_.kernel->observe();
  }
  void follow_defaults(std::set<net::IfName> devices) override { backend_.kernel->follow_defaults(std::move(devices)); }
  [[nodiscard]] Result<std::map<net::IfName, model::LinkCounters>> counters() override { return backend_.kernel->counters(); }
  [[nodiscard]] Result<std::map<std::string, model::RuleCounters>> rule_counters() override {
    return backend_.kernel->rule_counters();
  }
  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget) override;
  [[nodiscard]] bool is_under_way() const override { return backend_.kernel->is_under_way(); }
  [[nodiscard]] std::vector<int> descriptors() const override { return {}; }
  [[nodiscard]] platform::Notices drain() override {
    platform::Notices notices = backend_.kernel->drain();
    notices.overflowed = notices.overflowed || std::exchange(lost_, false);
    return notices;
  }

  // What stands in it, whatever the daemon may know of that.
  [[nodiscard]] model::Observed seen();
  // Its clock, and how long until something that is under way may have ended.
  void set_time(TimePoint time);
  [[nodiscard]] Duration next_end();

  // The kernel itself, for what only one of them has.
  template <class T>
  [[nodiscard]] T& as() {
    return dynamic_cast<T&>(*backend_.kernel);
  }
  [[nodiscard]] contract::World& world() { return *backend_.world; }
  [[nodiscard]] bool is_linux() const { return contract::as_linux(capabilities()); }

  void add_foreign_link(const net::IfName& name) { backend_.world->add_link(name); }
  void add_foreign_tunnel(const net::IfName& name, net::IfId if_id) { backend_.world->add_tunnel(name, if_id); }
  void add_foreign_address(const model::InterfaceAddress& address) { backend_.world->add_address(address); }
  void add_foreign_sa(const model::Sa& sa) { backend_.world->add_sa(sa); }
  [[nodiscard]] bool has_foreign_sa(const model::Sa& sa) { return backend_.world->has_sa(sa); }
  void add_foreign_route(const model::Route& route) { backend_.world->add_route(route); }
  void delete_foreign_route(const model::Route& route) { backend_.world->delete_route(route); }
  [[nodiscard]] bool has_foreign_route(const model::Route& route) { return backend_.world->has_route(route); }
  void delete_link(const net::IfName& name) { backend_.world->delete_link(name); }
  void set_link(const net::IfName& name, bool up, std::uint32_t mtu) { backend_.world->set_link(name, up, mtu); }
  void flush_addresses(const net::IfName& name) { backend_.world->flush_addresses(name); }
  void delete_route(const model::Route& route) { backend_.world->delete_our_route(route); }
  void delete_sa(const model::Sa& sa) { backend_.world->delete_our_sa(sa); }
  void add_sa_made_at(const model::Sa& sa, WallTime made);  // where the kernel dates them; else at no time
  void add_foreign_policy(const model::Policy& policy) { backend_.world->add_policy(policy); }
  void delete_policy(const model::Policy& policy) { backend_.world->delete_policy(policy); }
  void alter_filter() { backend_.world->alter_filter(); }
  void delete_filter() { backend_.world->delete_our_filter(); }

  void fail_apply(std::size_t after, int code) { failing_ops_[writes_ + after] = code; }  // 0: the next operation
  void after_write(std::function<void()> then) { after_write_ = std::move(then); }        // the next one
  void refuse_filters(bool refuse) { filters_refused_ = refuse; }
  void fail_observe(int code) { failing_observe_ = code; }  // the next one
  void lose_notices() { lost_ = true; }
  [[nodiscard]] std::size_t writes() const { return writes_; }  // operations given to apply() so far

 private:
  [[nodiscard]] platform::freebsd::FakeFreebsd& fake();
  // What is asked after once more is no further operation.
  [[nodiscard]] bool is_asked_again(const model::Op& op) const;
  void count(const model::Op& op, const Result<void>& result);
  [[nodiscard]] int refusal_of(const model::Op& op, std::size_t ahead) const;

  contract::Backend backend_;
  std::unique_ptr<platform::Kernel> eyes_;  // others', where looking is a dialogue
  std::vector<model::Change> under_way_;
  std::map<std::size_t, int> failing_ops_;
  std::function<void()> after_write_;
  int failing_observe_ = 0;
  bool lost_ = false;
  bool filters_refused_ = false;
  std::size_t writes_ = 0;
};

}  // namespace vtid::test
