// Descriptors 0, 1 and 2 are there. Where whoever started the program left one closed, the next socket would take its number,
// and what is meant for stderr would be written into it.
#pragma once

namespace vtid {

// Opens /dev/null for each of the three that is closed. The first thing in main.
void open_standard_fds();

}  // namespace vtid
