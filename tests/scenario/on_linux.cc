#include "scenario/staged_kernel.h"

namespace vtid::test {

contract::Backend open_staged() { return contract::open_memory(); }

}  // namespace vtid::test
