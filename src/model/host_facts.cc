#include "model/host_facts.h"

namespace vtid::model {

std::string charon_setting(const CharonSettings& settings, std::string_view program, std::string_view key,
                           std::string_view usual) {
  for (const std::string_view section : {program.empty() ? "charon-systemd" : program, std::string_view("charon")}) {
    const auto found = settings.find(std::string(section) + '.' + std::string(key));
    if (found != settings.end()) return found->second;
  }
  return std::string(usual);
}

}  // namespace vtid::model
