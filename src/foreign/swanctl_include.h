// What an include of swanctl.conf stands for, of the files beside it.
#pragma once

#include <string_view>
#include <vector>

#include "foreign/import.h"
#include "foreign/settings.h"

namespace vtid::foreign {

// Relative to the folder of the file that includes them; patterns stand in names of files, not of folders.
[[nodiscard]] std::vector<IncludedFile> included(std::string_view pattern, std::string_view from, const Beside& beside);

}  // namespace vtid::foreign
