// An error says what we were doing, what went wrong and, where there is one, the remedy.
// It never carries a secret, and it is handled once: returned or reported, not both.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace vtid {

struct Error {
  std::string text;    // "cannot create ipsec1: File exists"
  std::string remedy;  // what the user can do; empty when there is nothing to say
  int code = 0;        // errno when the operating system said no, else 0

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::string text, std::string remedy = {}, int code = 0) {
  return std::unexpected(Error{std::move(text), std::move(remedy), code});
}

}  // namespace vtid
