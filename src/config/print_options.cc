#include "config/print_options.h"

#include <concepts>
#include <type_traits>

#include "base/duration.h"
#include "config/print_filter.h"

namespace vtid::config {
namespace {

using OptionJson = nlohmann::ordered_json;

OptionJson option(Duration duration) { return print_duration(duration); }
OptionJson option(const model::SetMark& mark) { return model::print(mark); }
OptionJson option(const model::Selectors& selectors) {
  return {{"local", print_networks(selectors.local)}, {"remote", print_networks(selectors.remote)}};
}
template <class Number>
requires std::integral<Number> OptionJson option(Number number) { return number; }
template <class Word>
requires std::is_enum_v<Word> OptionJson option(Word word) { return model::print(word); }

template <class Options>
auto members_of(OptionJson& json, const Options& options) {
  return [&](std::string_view key, auto member) {
    if (options.*member) json[std::string(key)] = option(*(options.*member));
  };
}

}  // namespace

void print_ike_options(const model::IkeOptions& options, nlohmann::ordered_json& ike) {
  model::visit_ike_options(members_of(ike, options));
}

void print_child_options(const model::ChildOptions& options, nlohmann::ordered_json& child) {
  model::visit_child_options(members_of(child, options));
}

}  // namespace vtid::config
