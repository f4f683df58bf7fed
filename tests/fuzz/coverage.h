// Which code an input reached, as far as it was built with -fsanitize-coverage=trace-pc; else nothing is ever new.
#pragma once

#include <cstddef>

namespace vtid::fuzz {

// Since the last call: an edge of the code that no input took before, or one taken many more times.
[[nodiscard]] bool found_something_new();
[[nodiscard]] std::size_t places();  // edges seen so far

}  // namespace vtid::fuzz
