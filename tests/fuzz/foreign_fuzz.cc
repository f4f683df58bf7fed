// Any bytes as a file of another system: refused with a reason, or a file that the daemon accepts and prints the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "config/parse.h"
#include "foreign/import.h"
#include "foreign/plain.h"

namespace {

using namespace vtid;

void check(const Result<foreign::Imported>& imported) {
  if (!imported) {
    if (imported.error().text.empty()) std::abort();
    return;
  }
  const auto read = [&](std::string_view name) -> Result<std::string> {
    for (const foreign::KeptFile& file : imported->files) {
      if (file.name == name) return file.bytes;
    }
    return fail("there is none");
  };
  const config::Parsed parsed = config::parse(imported->text, "vtid.json", read);
  if (!parsed.config || foreign::print_plain(*parsed.config) != imported->text) std::abort();
  if (config::parse(foreign::commented(*imported, "file"), "vtid.json", read).config != parsed.config) std::abort();
  for (const foreign::Note& note : imported->notes) {
    if (foreign::print(note, "file").find('\n') != std::string::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(bytes, bytes + size);
  const foreign::Beside beside{[&text](std::string_view name) -> Result<std::string> {  // includes itself, in part
                                 if (name.size() % 2 == 0) return fail("there is none");
                                 return text.substr(text.size() / 2);
                               },
                               [](std::string_view folder) {
                                 return std::vector{std::string(folder), std::string("key")};
                               }};
  check(foreign::import_pfsense(text, "config.xml", {"secrets"}));
  for (const foreign::SourceName& source : foreign::kSources) {
    if (source.source != foreign::Source::pfsense)
      check(foreign::import_from(source.source, text, std::string(source.word), {"secrets"}, beside));
  }
  return 0;
}
