// `vtictl import`: a file of another system as vtid.json. Reads that file and what lies beside it; writes nothing but the
// files of secrets, when a folder for them is named, and never over another file.
#pragma once

#include <iosfwd>
#include <string>

#include "base/error.h"

namespace vtid::ctl {

struct ImportOrder {
  std::string source;          // a word of foreign::kSources; empty: the file shows it
  std::string file;            // its configuration
  std::string secrets_folder;  // empty: secrets are withheld
  bool explain = false;        // print the table of what became of each thing, and nothing else
};

// vtid.json goes to `out`, what was not carried over to `err`. On failure nothing went to `out`.
[[nodiscard]] Result<void> run_import(const ImportOrder& order, std::ostream& out, std::ostream& err);

}  // namespace vtid::ctl
