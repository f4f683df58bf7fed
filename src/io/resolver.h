// Looks host names up, as the system does it: files, DNS and whatever else it is told to ask. Several at a time, each within
// its time. Decides nothing about what the answers mean and remembers none.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "model/host_name.h"

namespace boost::asio {
class io_context;
}

namespace vtid::io {

inline constexpr std::size_t kMostLookups = 8;  // at a time; the others wait for their turn

class Resolver {
 public:
  struct Wiring {
    // Within `patience` of every ask(), from the io_context; and once more should the addresses come after all.
    std::function<void(const model::NameAnswer&)> answered;
    Duration patience{20'000};
    // The look-up itself, on a thread of its own.
    std::function<Result<std::vector<net::Address>>(const std::string& name)> look_up = system_look_up;
  };

  Resolver(boost::asio::io_context& context, Wiring wiring);
  ~Resolver();  // waits for nobody
  Resolver(Resolver&&) noexcept;
  Resolver& operator=(Resolver&&) noexcept;

  // A name that is being looked up already is not asked for twice.
  void ask(const std::string& name);

  static Result<std::vector<net::Address>> system_look_up(const std::string& name);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace vtid::io
