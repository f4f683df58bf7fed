#include "ctl/capture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

namespace vtid::ctl {
namespace {

// ESP, IKE, and both behind a NAT: RFC 3947, 3948, 7296.
constexpr std::string_view kOuterPackets = "(esp or udp port 500 or udp port 4500)";

// The devices of a tunnel, each with the child that has it.
struct Device {
  std::string name, child;
};

std::vector<Device> devices_of(const Json& tunnel) {
  std::vector<Device> devices;
  for (const Json& child : array_of(tunnel, "child_sas")) {
    if (const std::string device = text_of(child, "device"); !device.empty())
      devices.push_back({device, text_of(child, "name")});
  }
  return devices;
}

// Children without an interface of their own share the tunnel's.
Result<std::string> device_of_child(const Json& tunnel, const std::vector<Device>& devices, std::string_view child) {
  const std::string name = text_of(tunnel, "name");
  if (const auto own = std::ranges::find(devices, child, &Device::child); own != devices.end()) return own->name;
  std::vector<std::string> names;
  for (const Json& item : array_of(tunnel, "children")) {
    names.push_back(text_of(item, "name"));
    if (names.back() == child && text_of(item, "mode") == "vti" && devices.size() == 1) return devices.front().name;
  }
  if (std::ranges::find(names, child) == names.end()) {
    return fail(fmt::format("{} has no child \"{}\"", name, child), fmt::format("there are {}", fmt::join(names, ", ")));
  }
  return fail(fmt::format("{}/{} has no interface", name, child), "capture its outer packets: --outer");
}

Result<std::string> only_device(const Json& tunnel, const std::vector<Device>& devices) {
  const std::string name = text_of(tunnel, "name");
  if (devices.size() == 1) return devices.front().name;
  if (devices.empty()) return fail(name + " has no interface", "capture its outer packets: --outer");
  std::vector<std::string> names;
  for (const Device& device : devices) names.push_back(fmt::format("{}/{} ({})", name, device.child, device.name));
  return fail(name + " has several interfaces", fmt::format("name one of {}", fmt::join(names, ", ")));
}

Result<std::string> inner_device(const Json& tunnel, const CaptureQuestion& question) {
  if (!question.inner_device.empty()) return std::string(question.inner_device);
  const auto devices = devices_of(tunnel);
  return question.child.empty() ? only_device(tunnel, devices) : device_of_child(tunnel, devices, question.child);
}

Result<std::string> outer_device(const Json& tunnel) {
  if (std::string device = text_of(tunnel, "outer_device"); !device.empty()) return device;
  const std::string name = text_of(tunnel, "name");
  return fail(fmt::format("no device of this host has the outer address of {}", name),
              fmt::format("vtictl up {}: its SAs say which it is", name));
}

std::string outer_expression(const Json& tunnel) {
  std::string text(kOuterPackets);
  for (const char* end : {"local", "remote"}) {
    if (const std::string address = text_of(tunnel, end); !address.empty() && address != "any") text += " and host " + address;
  }
  return text;
}

bool is_plain(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || std::string_view("-_./:=,@%+").contains(letter);
}

std::string quoted(const std::string& word) {
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return word;
  std::string text = "'";
  for (const char letter : word) text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return text + "'";
}

}  // namespace

Result<std::vector<std::string>> capture_command(const Json& tunnel, const CaptureQuestion& question) {
  const auto device = question.outer ? outer_device(tunnel) : inner_device(tunnel, question);
  if (!device) return std::unexpected(device.error());
  std::vector<std::string> words{"tcpdump", "-n", "-i", *device};
  words.insert(words.end(), question.arguments.begin(), question.arguments.end());
  if (question.outer) words.push_back(outer_expression(tunnel));
  return words;
}

std::string print_command(const std::vector<std::string>& words) {
  std::vector<std::string> texts;
  std::ranges::transform(words, std::back_inserter(texts), quoted);
  return fmt::format("{}", fmt::join(texts, " "));
}

Error become(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int code = errno;
  return {fmt::format("cannot run {}: {}", words.front(), std::strerror(code)),
          code == ENOENT ? fmt::format("install the package {}, or add its folder to PATH", words.front()) : std::string{},
          code};
}

}  // namespace vtid::ctl
