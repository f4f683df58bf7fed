// `vtictl import`: a file of another system as vtid.json. Reads that file and what lies beside it, and the peer's when it is
// named; writes nothing but the files of secrets, when a folder for them is named, and never over another file.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/error.h"
#include "foreign/import.h"

namespace vtid::ctl {

struct ImportOrder {
  std::string source;          // a word of foreign::kSources; empty: the file shows it
  std::string file;            // its configuration
  std::string secrets_folder;  // empty: secrets are withheld
  std::string peer_file{};     // the other end's, of any kind; empty: nobody compares
  bool comments = false;       // descriptions and what was not carried over, in their places
  bool explain = false;        // print the table of what became of each thing, and nothing else
};

// vtid.json goes to `out`, what was not carried over to `err`, and behind that whether it would meet the peer's. False when it
// would not. On failure nothing went to `out`.
[[nodiscard]] Result<bool> run_import(const ImportOrder& order, std::ostream& out, std::ostream& err);

// What becomes of that text. Writes nothing.
[[nodiscard]] Result<foreign::Imported> import_text(const ImportOrder& order, std::string_view text);

}  // namespace vtid::ctl
