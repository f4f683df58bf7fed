// Memory that goes back to the heap goes back empty: whatever held a secret, be it a string, a parser's buffer, a message or a
// queue, leaves nothing of it behind. For the daemon, in place of the library's operator delete (whose other forms call these);
// what C libraries free by themselves is not covered.
#include <string.h>
#include <strings.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#if __has_include(<malloc_np.h>)
#include <malloc_np.h>
#else
#include <malloc.h>
#endif

namespace {

void give_back(void* memory) noexcept {
  if (memory == nullptr) return;
  ::explicit_bzero(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { give_back(memory); }
