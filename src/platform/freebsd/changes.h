// The operations in their order, each looked at before it is done, because most calls here take whatever stands under a name.
// What was looked up is kept up to date for as long as this lives: through one apply(), and those that go on where its budget
// ended.
#pragma once

#include "platform/freebsd/look.h"
#include "platform/freebsd/pf_jobs.h"

namespace vtid::platform::freebsd {

class Changes {
 public:
  Changes(Calls& calls, PfJobs& pf) : calls_(calls), pf_(pf) {}

  // As Kernel::apply().
  [[nodiscard]] std::vector<Result<void>> apply(std::span<const model::Op> ops, Duration budget);

 private:
  Verdict apply_one(const model::CreateLink& op);
  Verdict apply_one(const model::ChangeLink& op);
  Verdict apply_one(const model::DeleteLink& op);
  Verdict apply_one(const model::AddAddress& op);
  Verdict apply_one(const model::DeleteAddress& op);
  Verdict apply_one(const model::SetRoute& op);
  Verdict apply_one(const model::DeleteRoute& op);
  Verdict apply_one(const model::SetSa& op);
  Verdict apply_one(const model::DeleteSa& op);
  Verdict apply_one(const model::DropSa& op);
  Verdict apply_one(const model::SetFilter& op) { return pf_.change(op); }
  Verdict apply_one(const model::DeleteFilter& op) { return pf_.change(op); }
  Verdict apply_one(const auto&) { return {EOPNOTSUPP, {}}; }  // what is never asked of this system

  // Links: each step writes only what differs.
  Verdict mark(const net::IfName& name);
  Verdict bring_to(const model::Link& want, const model::ObservedLink& have);
  Verdict set_reqid(const model::Link& want);
  Verdict set_outer(const model::Link& want);
  Verdict set_mtu(const model::Link& want);
  Verdict set_fib(const net::IfName& tunnel, std::uint32_t what, std::uint32_t fib);
  Verdict describe(const model::Link& want);
  Verdict keep_from_link_local(const net::IfName& name);
  void destroy(const net::IfName& name);

  // Null when there is none; `failed_` says so when it could not be looked up.
  model::ObservedLink* link(const net::IfName& name);
  // The link of ours, or why not: ENODEV, or not ours.
  std::pair<model::ObservedLink*, Verdict> own_link(const net::IfName& name);
  const model::ObservedAddress* address(const net::IfName& device, const net::Address& local);

  // Routes by what they lead to, everybody's.
  using Place = std::pair<net::Prefix, net::TableId>;
  using Routes = std::multimap<Place, ListedRoute>;  // since FreeBSD 13 several to one network
  static Place place_of(const model::Route& route) { return {route.to.network(), route.table}; }
  Routes* routes();
  Verdict replace(const ListedRoute& old, const ListedRoute& next, bool alone);
  std::string deletion_of(const ListedRoute& route);
  Verdict send(abi::RouteType type, const ListedRoute& route);
  // The kernel chooses the device of a gateway by itself: where it chose another, the route is taken away again.
  void verify(std::span<const model::Op> ops, std::vector<Result<void>>& results);

  Verdict may_come_up();

  std::vector<ListedSa>* sas();
  Verdict add(const model::Sa& sa);
  Verdict remove(const model::Sa& sa);
  KeyStamp key_stamp() { return {static_cast<std::uint32_t>(calls_.pid()), ++sequence_}; }

  template <class T>
  T* keep(std::optional<T>& place, Result<T> looked) {
    if (!looked) {
      failed_ = told(looked.error());
      return nullptr;
    }
    place = *std::move(looked);
    return &*place;
  }

  Calls& calls_;
  PfJobs& pf_;
  std::optional<Links> links_;
  std::optional<Routes> routes_;
  std::optional<std::vector<ListedSa>> sas_;
  std::map<Place, std::size_t> to_verify_;  // the operation that set the route
  std::uint32_t sequence_ = 1;
  Verdict failed_;  // the last look that failed
};

}  // namespace vtid::platform::freebsd
