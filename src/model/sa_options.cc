#include "model/sa_options.h"

#include <fmt/format.h>

#include <cstdlib>
#include <type_traits>

#include "base/duration.h"

namespace vtid::model {
namespace {

std::string list_of(const std::vector<net::Prefix>& networks) {
  std::string text;
  for (const net::Prefix& network : networks) text += (text.empty() ? "" : " ") + net::print(network);
  return text;
}

std::string value_of(Duration duration) { return print_duration(duration); }
std::string value_of(const SetMark& mark) { return print(mark); }
std::string value_of(bool flag) { return flag ? "true" : "false"; }
std::string value_of(const Selectors& selectors) {
  return fmt::format("{} to {}", list_of(selectors.local), list_of(selectors.remote));
}
template <class Value>
std::string value_of(Value value) {
  if constexpr (std::is_enum_v<Value>)
    return std::string(print(value));
  else
    return std::to_string(value);
}

template <class Options>
auto listing(const Options& options, std::string& text) {
  return [&](std::string_view key, auto member) {
    if (options.*member) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key, value_of(*(options.*member)));
  };
}

}  // namespace

std::string print(const IkeOptions& options) {
  std::string text;
  visit_ike_options(listing(options, text));
  return text;
}

std::string print(const ChildOptions& options) {
  std::string text;
  visit_child_options(listing(options, text));
  return text;
}

void take_over(ChildOptions& options, const ChildOptions& other) {
  visit_child_options([&](std::string_view, auto member) {
    if (other.*member) options.*member = other.*member;
  });
}

std::string print(const SetMark& mark) { return fmt::format("0x{:x}/0x{:x}", mark.value, mark.mask); }

std::string_view print(Childless childless) {
  switch (childless) {
    case Childless::allow: return "allow";
    case Childless::prefer: return "prefer";
    case Childless::force: return "force";
    case Childless::never: return "never";
  }
  std::abort();
}

std::string_view print(Unique unique) {
  switch (unique) {
    case Unique::never: return "never";
    case Unique::replace: return "replace";
    case Unique::keep: return "keep";
  }
  std::abort();
}

std::string_view print(Fragmentation fragmentation) {
  switch (fragmentation) {
    case Fragmentation::yes: return "yes";
    case Fragmentation::accept: return "accept";
    case Fragmentation::no: return "no";
    case Fragmentation::force: return "force";
  }
  std::abort();
}

std::string_view print(CopyDscp copy) {
  switch (copy) {
    case CopyDscp::out: return "out";
    case CopyDscp::in: return "in";
    case CopyDscp::both: return "both";
    case CopyDscp::none: return "none";
  }
  std::abort();
}

std::string_view print(CopyDf copy) {
  switch (copy) {
    case CopyDf::copy: return "copy";
    case CopyDf::clear: return "clear";
  }
  std::abort();
}

std::string_view print(Offload offload) {
  switch (offload) {
    case Offload::none: return "none";
    case Offload::automatic: return "auto";
    case Offload::crypto: return "crypto";
    case Offload::packet: return "packet";
  }
  std::abort();
}

}  // namespace vtid::model
