#include "io/resolver.h"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "base/duration.h"
#include "io/asio.h"

namespace vtid::io {

namespace asio = boost::asio;
using Addresses = Result<std::vector<net::Address>>;

// How a look-up's thread reaches the loop, for as long as there is one.
struct LoopAccess {
  std::mutex mutex;
  asio::io_context* context = nullptr;
};

// Asio would look up one name after the other on a single thread, and wait for it in the end: one dead name server would hold
// up all names and the daemon's stop. So each look-up has a thread, which nobody waits for.
struct Resolver::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, Wiring callbacks) : context(io), wiring(std::move(callbacks)) { access->context = &io; }

  ~State() {
    const std::lock_guard lock(access->mutex);
    access->context = nullptr;
  }

  void ask(const std::string& name) {
    if (const auto [timer, fresh] = waiting.try_emplace(name, context); fresh) {
      timer->second.expires_after(wiring.patience);
      timer->second.async_wait([weak = weak_from_this(), name](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error) self->give_up(name);
      });
    }
    if (!running.contains(name) && std::ranges::find(queue, name) == queue.end()) queue.push_back(name);
    start();
  }

 private:
  void start() {
    while (running.size() < kMostLookups && !queue.empty()) {
      const std::string name = std::move(queue.front());
      queue.pop_front();
      running.insert(name);
      begin(name);
    }
  }

  void begin(const std::string& name) {
    try {
      std::thread([weak = weak_from_this(), access = access, look_up = wiring.look_up, name] {
        Addresses addresses = look_up(name);
        const std::lock_guard lock(access->mutex);
        if (access->context == nullptr) return;
        asio::post(*access->context, [weak, name, addresses = std::move(addresses)] {
          if (const auto self = weak.lock()) self->finish(name, addresses);
        });
      }).detach();
    } catch (const std::system_error& error) {
      asio::post(context, [weak = weak_from_this(), name, why = Addresses(fail(error.what()))] {
        if (const auto self = weak.lock()) self->finish(name, why);
      });
    }
  }

  void finish(const std::string& name, const Addresses& addresses) {
    running.erase(name);
    start();
    if (waiting.erase(name) != 0 || addresses) wiring.answered({name, addresses});
  }

  void give_up(const std::string& name) {
    if (waiting.erase(name) == 0) return;
    std::erase(queue, name);
    wiring.answered({name, fail(fmt::format("no answer within {}", print_duration(wiring.patience)))});
  }

  asio::io_context& context;
  Wiring wiring;
  std::shared_ptr<LoopAccess> access = std::make_shared<LoopAccess>();
  std::map<std::string, asio::steady_timer> waiting;  // asked for, until their answer or the end of patience
  std::deque<std::string> queue;                      // no longer than `waiting`
  std::set<std::string> running;
};

Resolver::Resolver(asio::io_context& context, Wiring wiring) : state_(std::make_shared<State>(context, std::move(wiring))) {}
Resolver::~Resolver() = default;
Resolver::Resolver(Resolver&&) noexcept = default;
Resolver& Resolver::operator=(Resolver&&) noexcept = default;

void Resolver::ask(const std::string& name) { state_->ask(name); }

Addresses Resolver::system_look_up(const std::string& name) try {
  asio::io_context context;
  asio::ip::udp::resolver resolver(context);
  boost::system::error_code error;
  const auto found = resolver.resolve(name, "", error);
  if (error) return fail(error.message());
  std::vector<net::Address> addresses;
  for (const auto& entry : found) {
    const asio::ip::address address = entry.endpoint().address();
    addresses.push_back(address.is_v4() ? net::Address::v4(address.to_v4().to_bytes())
                                        : net::Address::v6(address.to_v6().to_bytes()));
  }
  return addresses;
} catch (const std::exception& error) {
  return fail(error.what());
}

}  // namespace vtid::io
