#include "scenario/staged_kernel.h"

namespace vtid::test {

contract::Backend open_staged() { return contract::open_freebsd(); }

}  // namespace vtid::test
