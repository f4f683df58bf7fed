#include "ctl/json.h"

#include "base/printable.h"

namespace vtid::ctl {
namespace {

const Json* find(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::string to_text(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return printable(value.get_ref<const std::string&>(), Newlines::kept);
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return print_json_line(value);
}

std::string text_of(const Json& object, std::string_view key) {
  const Json* value = find(object, key);
  return value == nullptr ? std::string{} : to_text(*value);
}

double number_of(const Json& object, std::string_view key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

const Json& array_of(const Json& object, std::string_view key) {
  static const Json kNone = Json::array();
  const Json* value = find(object, key);
  return value != nullptr && value->is_array() ? *value : kNone;
}

const Json& object_of(const Json& object, std::string_view key) {
  static const Json kNone = Json::object();
  const Json* value = find(object, key);
  return value != nullptr && value->is_object() ? *value : kNone;
}

std::string print_json(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }
std::string print_json_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace vtid::ctl
