// Files of other systems -> the equivalent vtid.json, what it needs beside it, and a list of all that was not carried over.
// What comes out is accepted by config::parse: what that refuses is taken out and listed instead. Opens no file, writes
// none, and prints no secret: those come back as files for the caller to keep.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vtid::foreign {

// Something that is not carried over, or not as it was.
struct Note {
  int line = 0;        // of the foreign file; 0: of no one place
  std::string place;   // "ipsec/phase1[2]/closeaction", "connections.hq.mediation"
  std::string text;    // what it is and why
  std::string remedy;  // what to do; may be empty
  std::string file{};  // that the foreign file includes; empty: that file itself
  bool operator==(const Note&) const = default;
};
// `config.xml:12: ipsec/phase1[2]: is not carried over: …; write it by hand`. One line, whatever the file holds.
[[nodiscard]] std::string print(const Note& note, std::string_view file_name);

// To lie where vtid.json says.
struct KeptFile {
  std::string name;  // as vtid.json names it
  std::string bytes;
};

// Something that is carried over.
struct Origin {
  int line = 0;          // as of a note
  std::string place;     // "ipsec/phase1[2]"
  std::string became;    // "tunnels/hq"
  std::string file{};    // as of a note
  std::string remark{};  // its description there, where vtid.json has no place for one
};

struct Imported {
  std::string text;             // vtid.json, without what is the default anyhow
  std::vector<KeptFile> files;  // secrets, keys and certificates that the foreign file holds
  std::vector<Note> notes;      // in the foreign file's order
  std::vector<Origin> origins;  // of all that `text` holds, in the same order
};
// `text` as one would write it: with descriptions and notes as comments, each where it belongs.
[[nodiscard]] std::string commented(const Imported& imported, std::string_view file_name);
// A table with a line for each thing of the foreign file: where it went, or why it did not.
[[nodiscard]] std::string explain(const Imported& imported, std::string_view file_name);

// The folder for secrets, keys and certificates, as vtid.json shall name it. Without one, pre-shared keys stand as
// "(secret)" in vtid.json, and certificates and keys are named but not among `files`.
struct Wish {
  std::string secrets_folder;
  std::string foreign_folder{};  // of the foreign file: what lies beside it is named from there
};

// What lies in the foreign file's folder, by paths relative to it.
struct Beside {
  std::function<Result<std::string>(std::string_view path)> read;         // the bytes of a file
  std::function<std::vector<std::string>(std::string_view folder)> list;  // names of the files there, sorted; none: no folder
};

[[nodiscard]] Result<Imported> import_pfsense(std::string_view text, std::string_view file_name, const Wish& wish);
[[nodiscard]] Result<Imported> import_swanctl(std::string_view text, std::string_view file_name, const Wish& wish,
                                              const Beside& beside);

[[nodiscard]] Result<Imported> import_opnsense(std::string_view text, std::string_view file_name, const Wish& wish);
// Of libreswan or of strongSwan's starter; ipsec.secrets and ipsec.d lie beside it.
[[nodiscard]] Result<Imported> import_ipsec_conf(std::string_view text, std::string_view file_name, const Wish& wish,
                                                 const Beside& beside);
// config.boot, or a list of its "set" commands.
[[nodiscard]] Result<Imported> import_vyos(std::string_view text, std::string_view file_name, const Wish& wish);

// Whose file a text is, of those that can be imported. The error says what else it is and what to give instead.
enum class Source { pfsense, opnsense, swanctl, ipsec_conf, vyos };
[[nodiscard]] Result<Source> recognise(std::string_view text);

// The word of the command line, and what such a file is.
struct SourceName {
  Source source;
  std::string_view word, title;
};
inline constexpr std::array kSources{
    SourceName{Source::pfsense, "pfsense", "pfSense config.xml"},
    SourceName{Source::opnsense, "opnsense", "OPNsense config.xml"}, SourceName{Source::swanctl, "swanctl", "swanctl.conf"},
    SourceName{Source::ipsec_conf, "ipsec", "ipsec.conf"}, SourceName{Source::vyos, "vyos", "VyOS config.boot"}};
[[nodiscard]] const SourceName& name_of(Source source);

[[nodiscard]] Result<Imported> import_from(Source source, std::string_view text, std::string_view file_name, const Wish& wish,
                                           const Beside& beside);

inline constexpr std::size_t kLongestForeignFile = 64 * 1024 * 1024;  // bytes

}  // namespace vtid::foreign
