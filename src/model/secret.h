// Key material. Compared, hashed and handed to charon or the kernel; printing it is not possible by accident.
#pragma once

#include <compare>
#include <optional>
#include <string>

namespace vtid::model {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] const std::string& reveal() const { return bytes_; }
  auto operator<=>(const Secret&) const = default;

 private:
  std::string bytes_;
};

// The bytes that hexadecimal digits say, with or without "0x" before them; nothing when they are no whole bytes.
[[nodiscard]] std::optional<Secret> decode_hex(const Secret& digits);

}  // namespace vtid::model
