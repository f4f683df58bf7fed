// What the language means is what strongSwan's own programs make of it: each text is read by swanctl too, which tries to open
// the socket that the text names and says which.
#include "base/settings_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace vtid {
namespace {

constexpr std::string_view kRefused = "refused";
constexpr std::string_view kDefault = "default";

// What swanctl.socket is.
std::string read_socket(std::string_view text) {
  SettingsReader reader(text);
  std::string path, socket;
  for (std::size_t depth = 0;;) {
    const auto item = reader.next();
    if (!item) return std::string(kRefused);
    switch (item->kind) {
      case SettingsItem::Kind::end_of_text:
        return depth != 0 ? std::string(kRefused) : socket.empty() ? std::string(kDefault) : socket;
      case SettingsItem::Kind::section:
        path += '/' + item->name;
        ++depth;
        break;
      case SettingsItem::Kind::end_of_section:
        if (depth-- == 0) return std::string(kRefused);
        path.erase(path.rfind('/'));
        break;
      case SettingsItem::Kind::setting:
        if (path == "/swanctl" && item->name == "socket") socket = item->value;
        break;
      case SettingsItem::Kind::include: break;
    }
  }
}

// The same by strongSwan.
std::string swanctls_socket(std::string_view text) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("vtid-settings-" + std::to_string(::getpid()) + ".conf");
  std::ofstream(file, std::ios::binary) << text;
  const std::string command = "STRONGSWAN_CONF=" + file.string() + " swanctl --stats 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  std::string said;
  std::array<char, 4096> part{};
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) said.append(part.data(), count);
  ::pclose(pipe);
  std::filesystem::remove(file);
  if (said.contains("invalid config file")) return std::string(kRefused);
  constexpr std::string_view kBefore = "connecting to '";
  const auto from = said.find(kBefore) + kBefore.size();
  const std::string socket = said.substr(from, said.find("' failed", from) - from);
  return socket.ends_with("/charon.vici") ? std::string(kDefault) : socket;
}

struct Text {
  std::string_view text, socket;
};

const Text kTexts[] = {
    {"swanctl { socket = unix:///x }", "unix:///x"},
    {"swanctl {\n  socket = unix:///x\n}\n", "unix:///x"},
    {"swanctl{socket=unix:///x}", "unix:///x"},
    {"swanctl\n\n{\n socket\n = unix:///x\n}", "unix:///x"},
    {"swanctl # so\n{ # named\n socket = unix:///x # here\n} #", "unix:///x"},
    {"swanctl { socket = unix:///x \t y\r\n}", "unix:///x y"},
    {"swanctl { socket = \"unix:///x  # } \\\" \\\\ y\" z\n}", "unix:///x  # } \" \\ y z"},
    {"swanctl { socket = \"unix:///x\\ty\\bz\" }", "unix:///x\tybz"},
    {"swanctl { socket = \"unix:///x\\\ny\" }", "unix:///xy"},
    {"swanctl { socket = \"unix:///x\ny\" }", "unix:///x\ny"},
    {"swanctl { socket = unix:///x:y=z,{w }", "unix:///x:y=z,{w"},
    {"swanctl { socket = unix:///x\n socket = unix:///y\n}", "unix:///y"},
    {"swanctl { socket = unix:///x }\nswanctl { socket = unix:///y }", "unix:///y"},
    {"swanctl { socket = unix:///x\n socket =\n}", kDefault},
    {"swanctl { socket = \n}", kDefault},
    {"swanctl { socket =", kRefused},
    {"socket = unix:///x", kDefault},
    {"includes { }\nswanctl { socket = unix:///x }", "unix:///x"},
    {"include = 1\nswanctl { socket = unix:///x }", "unix:///x"},
    {"include{ a = 1 }\nswanctl { socket = unix:///x }", "unix:///x"},
    {"include /nothing/*.conf\nswanctl { socket = unix:///x }", "unix:///x"},
    {"swanctl { include \"/nothing here/*.conf\"\n socket = unix:///x }", "unix:///x"},
    {"include /nothing/a\\ b.conf\nswanctl { socket = unix:///x }", "unix:///x"},
    {"a { }\nswanctl : a { socket = unix:///x }", "unix:///x"},
    {"a { }\nb { }\nswanctl : a,\n b\n { socket = unix:///x }", "unix:///x"},
    {"a { b { } }\nswanctl : a.b { socket = unix:///x }", "unix:///x"},
    {"swanctl { a = 1 b = 2\n socket = unix:///x }", "unix:///x"},
    {"", kDefault},
    {"#", kDefault},
    {"swanctl.socket = unix:///x\n", kRefused},
    {"swanctl { socket = unix:///x", kRefused},
    {"swanctl { socket unix:///x }", kRefused},
    {"swanctl { socket = unix:///x } }", kRefused},
    {"swanctl { socket = \"unix:///x }", kRefused},
    {"swanctl { = unix:///x }", kRefused},
    {"swanctl { \"socket\" = unix:///x }", kRefused},
    {"swanctl : { socket = unix:///x }", kRefused},
    {"swanctl : a, { socket = unix:///x }", kRefused},
    {"swanctl, a { socket = unix:///x }", kRefused},
    {"{ socket = unix:///x }", kRefused},
    {"swanctl", kRefused},
};

TEST(SettingsReader, ReadsAsStrongSwanDoes) {
  for (const auto& [text, socket] : kTexts) {
    EXPECT_EQ(read_socket(text), socket) << text;
    EXPECT_EQ(swanctls_socket(text), socket) << "by swanctl: " << text;
  }
}

TEST(SettingsReader, KnowsTheLineOfEachStatement) {
  SettingsReader reader("a = 1\n\nb {\n  c = \"x\ny\"\n}\n");
  std::vector<int> lines;
  for (auto item = reader.next(); item && item->kind != SettingsItem::Kind::end_of_text; item = reader.next())
    lines.push_back(item->line);
  EXPECT_THAT(lines, testing::ElementsAre(1, 3, 4, 6));
}

TEST(SettingsReader, SaysInWhichLineAQuotationBeginsThatDoesNotEnd) {
  SettingsReader reader("a = 1\nb = \"x\n\n\n");
  (void)reader.next();
  EXPECT_EQ(reader.next().error().text, "a quoted string does not end");
  EXPECT_EQ(reader.line(), 2);
}

TEST(SettingsReader, GivesAnIncludeItsPattern) {
  SettingsReader reader("include \"a b\"/c\n");
  EXPECT_EQ(reader.next()->value, "a b");
}

}  // namespace
}  // namespace vtid
