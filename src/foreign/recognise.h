// What an importer asks of its file before it reads it.
#pragma once

#include <string_view>

#include "base/error.h"
#include "foreign/draft.h"
#include "foreign/import.h"

namespace vtid::foreign {

// The error says what the file is instead of what is wanted, in one sentence that begins with its name.
[[nodiscard]] Result<void> expect(Source wanted, std::string_view text, std::string_view file_name);
[[nodiscard]] std::string_view without_mark(std::string_view text);  // of UTF-8's byte order

// A text whose last line has no end may have been cut off where no bracket shows it.
void note_end(Draft& draft, std::string_view text);

}  // namespace vtid::foreign
