#include "base/bounded_json.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vtid {
namespace {

// Builds the document from the parser's events. Returning false from an event ends the parse.
template <class Json>
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const JsonBounds& bounds) : bounds_(bounds) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(std::int64_t value) override { return put(value); }
  bool number_unsigned(std::uint64_t value) override { return put(value); }
  bool number_float(double value, const std::string&) override { return put(value); }
  bool string(std::string& value) override { return put(std::move(value)); }
  bool binary(typename Json::binary_t&) override { return false; }  // not in JSON text
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    if (open_.back()->size() >= bounds_.members) return refuse("members in one object", bounds_.members);
    member_ = &(*open_.back())[name];
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    wrong_ = fmt::format("not JSON, from byte {}", position);
    return false;
  }

  Json root;
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
  bool refuse(std::string_view what, std::size_t most) {
    wrong_ = fmt::format("more than {} {}", most, what);
    return false;
  }

  // Open containers stay where they are: only the innermost one grows.
  Json& place() {
    if (member_ != nullptr) return *std::exchange(member_, nullptr);
    return open_.empty() ? root : open_.back()->emplace_back(nullptr);
  }

  bool put(Json value) {
    if (++values_ > bounds_.values) return refuse("values", bounds_.values);
    place() = std::move(value);
    return true;
  }

  bool open(Json value) {
    if (open_.size() >= bounds_.depth) return refuse("levels of nesting", bounds_.depth);
    if (++values_ > bounds_.values) return refuse("values", bounds_.values);
    Json& container = place();
    container = std::move(value);
    open_.push_back(&container);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  const JsonBounds& bounds_;
  std::size_t values_ = 0;
  std::vector<Json*> open_;
  Json* member_ = nullptr;  // where the value of the last key goes
  std::string wrong_;
};

}  // namespace

template <class Json>
Result<Json> parse_bounded_json(std::string_view text, const JsonBounds& bounds) {
  if (text.size() > bounds.bytes) return fail(fmt::format("more than {} bytes", bounds.bytes));
  Builder<Json> builder(bounds);
  if (!Json::sax_parse(text, &builder)) return fail(builder.wrong());
  return std::move(builder.root);
}

template Result<nlohmann::json> parse_bounded_json(std::string_view text, const JsonBounds& bounds);
template Result<nlohmann::ordered_json> parse_bounded_json(std::string_view text, const JsonBounds& bounds);

}  // namespace vtid
