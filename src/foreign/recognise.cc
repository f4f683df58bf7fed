#include "foreign/recognise.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "foreign/pfsense_names.h"

namespace vtid::foreign {
namespace {

constexpr std::size_t kTarWord = 257;         // where the first header of a tar archive has "ustar"
constexpr std::size_t kLookedAt = 64 * 1024;  // bytes: what tells a file's kind stands at its beginning

struct Opening {
  std::string_view bytes, text, remedy;
};

constexpr std::string_view kGive =
    "give a config.xml of pfSense or OPNsense, a swanctl.conf, an ipsec.conf or a config.boot of VyOS";
constexpr std::string_view kDecrypt = "decrypt it first, or export it again without encryption";
constexpr std::string_view kUnpack = "unpack it and give the file in it";

// What a file of bytes begins with.
constexpr std::array kOpenings{Opening{"\x1f\x8b", "is compressed with gzip", kUnpack},
                               Opening{std::string_view("\xfd\x37zXZ\0", 6), "is compressed with xz", kUnpack},
                               Opening{"BZh", "is compressed with bzip2", kUnpack},
                               Opening{"\x28\xb5\x2f\xfd", "is compressed with zstd", kUnpack},
                               Opening{"PK\x03\x04", "is a zip archive", kUnpack},
                               Opening{"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", kUnpack},
                               Opening{"\xff\xfe", "is text in UTF-16", "save it as UTF-8"},
                               Opening{"\xfe\xff", "is text in UTF-16", "save it as UTF-8"},
                               Opening{std::string_view("<\0", 2), "is text in UTF-16", "save it as UTF-8"},
                               Opening{std::string_view("\0<", 2), "is text in UTF-16", "save it as UTF-8"},
                               Opening{"Salted__", "is encrypted by openssl", kDecrypt},
                               Opening{"U2FsdGVkX1", "is encrypted by openssl", kDecrypt},  // the same in base64
                               Opening{"-----BEGIN PGP MESSAGE", "is encrypted by OpenPGP", kDecrypt},
                               Opening{"age-encryption.org", "is encrypted by age", kDecrypt},
                               Opening{"\x7f"
                                       "ELF",
                                       "is a program", "give the configuration file"},
                               Opening{"-----BEGIN ", "holds keys or certificates", "give the configuration that names them"}};

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kEncrypted = "---- BEGIN config.xml ----";

std::string_view trimmed_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

// The lines that say something: not those that are empty or a comment.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  text = text.substr(0, kLookedAt);
  while (!text.empty()) {
    const std::string_view line = trimmed_line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    const auto first = line.find_first_not_of(" \t");
    if (first != std::string_view::npos && line[first] != '#') lines.push_back(line);
  }
  return lines;
}

// The name of the root element; empty: it is no XML.
std::string_view root_of(std::string_view text) {
  text = text.substr(0, kLookedAt);
  while (true) {
    const auto start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos || text[start] != '<') return "";
    text.remove_prefix(start);
    const bool comment = text.starts_with("<!--");
    if (!comment && !text.starts_with("<?") && !text.starts_with("<!")) break;
    const std::string_view close = comment ? "-->" : ">";
    const auto end = text.find(close);
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + close.size());
  }
  return text.substr(1, std::min(text.find_first_of(" \t\r\n/>", 1), text.size()) - 1);
}

// As Latin text has them in UTF-16.
bool is_every_other_nul(std::string_view text) {
  std::array<std::size_t, 2> nuls{};
  text = text.substr(0, 256);
  for (std::size_t at = 0; at < text.size(); ++at) nuls[at % 2] += text[at] == '\0' ? 1U : 0U;
  return std::ranges::max(nuls) * 3 > text.size() && std::ranges::min(nuls) * 8 < text.size();
}

std::optional<Error> what_bytes(std::string_view text) {
  for (const Opening& opening : kOpenings) {
    if (text.starts_with(opening.bytes)) return Error{std::string(opening.text), std::string(opening.remedy), 0};
  }
  if (text.substr(0, kLookedAt).contains(kEncrypted))
    return Error{"is an encrypted backup", "restore it, or export it again without encryption", 0};
  if (text.size() > kTarWord && text.substr(kTarWord).starts_with("ustar"))
    return Error{"is a tar archive", std::string(kUnpack), 0};
  if (!text.contains('\0')) return std::nullopt;
  if (is_every_other_nul(text)) return Error{"is text in UTF-16", "save it as UTF-8", 0};
  return Error{"holds NUL bytes, so it is no text", std::string(kGive), 0};
}

Result<Source> of_xml(std::string_view root) {
  if (root == "pfsense" || root.empty()) return Source::pfsense;  // or the reader says what is wrong with it
  if (root == "opnsense") return Source::opnsense;
  if (root == "html" || root == "HTML" || root == "!DOCTYPE")
    return fail("is a web page", "give the file itself: config.xml of Diagnostics > Backup & Restore");
  return fail("is XML with the root element <" + std::string(root.substr(0, 64)) +
                  ">, and that of a configuration is <pfsense> or <opnsense>",
              "give the config.xml of Diagnostics > Backup & Restore");
}

// The word before '{' at the top, in order.
std::vector<std::string> top_sections(std::string_view text) {
  std::vector<std::string> names;
  int depth = 0;
  for (const std::string_view line : lines_of(text)) {
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (line[at] == '#') break;
      if (line[at] == '}') --depth;
      if (line[at] != '{') continue;
      const auto words = words_of(line.substr(0, at), " \t:");
      if (depth++ == 0) names.push_back(words.empty() ? "" : words.front());
    }
  }
  return names;
}

bool any(const std::vector<std::string>& names, std::initializer_list<std::string_view> wanted) {
  return std::ranges::any_of(names, [&](const std::string& name) { return std::ranges::find(wanted, name) != wanted.end(); });
}

// Of formats that are told by their lines; an error for what is none of them.
std::optional<Result<Source>> of_lines(std::string_view text) {
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line, " \t");
    const bool at_start = line.front() != ' ' && line.front() != '\t';
    if (at_start && words.size() == 2 && (words[0] == "conn" || words[0] == "config" || words[0] == "ca") && words[1] != "{")
      return Source::ipsec_conf;
    if (line.contains(": PSK ") || line.contains(": RSA ") || line.contains(": ECDSA "))
      return fail("is an ipsec.secrets", "give the ipsec.conf that lies beside it");
    if (at_start && words.size() > 2 && words[0] == "set" &&
        (words[1] == "vpn" || words[1] == "interfaces" || words[1] == "system" || words[1] == "protocols" ||
         words[1] == "firewall"))
      return Source::vyos;
    if (words[0] == "[Interface]" || words[0] == "[Peer]")
      return fail("is a configuration of WireGuard, and not of IPsec", std::string(kGive));
  }
  return std::nullopt;
}

Result<Source> of_sections(std::string_view text) {
  const auto names = top_sections(text);
  if (any(names, {"connections", "secrets", "pools", "authorities"})) return Source::swanctl;
  if (text.contains("vyos-config-version") || text.contains("vyatta-config-version") ||
      any(names, {"interfaces", "vpn", "firewall"}))
    return Source::vyos;
  if (text.contains("include strongswan.d") || any(names, {"charon", "charon-systemd", "charon-nm", "charon-cmd",
                                                           "libstrongswan", "libtls", "starter", "swanctl", "pki", "aikgen"}))
    return fail("is a strongswan.conf: it says how charon works, and holds no connections",
                "give swanctl.conf, or a file of conf.d");
  const auto lines = lines_of(text);
  const bool only_includes =
      !lines.empty() && std::ranges::all_of(lines, [](std::string_view line) { return line.starts_with("include "); });
  if (only_includes && !text.contains("strongswan.d")) return Source::swanctl;
  return fail("is nothing that can be imported", std::string(kGive));
}

}  // namespace

std::string_view without_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

void note_end(Draft& draft, std::string_view text) {
  if (text.empty() || text.back() == '\n') return;
  draft.note({static_cast<int>(std::ranges::count(text, '\n')) + 1, ""},
             "the last line does not end, so the file may be cut off", "compare it with the original");
}

Result<void> expect(Source wanted, std::string_view text, std::string_view file_name) {
  if (text.size() > kLongestForeignFile) return fail(fmt::format("{} is longer than {} bytes", file_name, kLongestForeignFile));
  const auto source = recognise(text);
  if (!source) return fail(fmt::format("{} {}", file_name, source.error().text), source.error().remedy);
  if (*source == wanted) return {};
  const SourceName& name = name_of(*source);
  return fail(
      fmt::format("{} is {} {}", file_name, std::string_view("aeioAEIO").contains(name.title.front()) ? "an" : "a", name.title),
      fmt::format("vtictl import {} FILE", name.word));
}

Result<Source> recognise(std::string_view text) {
  text = without_mark(text);
  if (auto bytes = what_bytes(text)) return std::unexpected(*bytes);
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return fail("is empty", "export it again");
  if (text[first] == '<') return of_xml(root_of(text));
  if (text[first] == '{') return fail("is JSON, perhaps a vtid.json already", std::string(kGive));
  if (auto source = of_lines(text)) return *source;
  return of_sections(text);
}

}  // namespace vtid::foreign
