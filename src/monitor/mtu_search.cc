#include "monitor/mtu_search.h"

namespace vtid::monitor {

void MtuSearch::on(bool crosses) {
  if (crosses) {
    longest_ = next_;
  } else {
    most_ = *next_ - 1;
  }
  if (longest_.value_or(least_ - 1) >= most_) {
    next_.reset();
  } else {
    next_ = longest_ ? *longest_ + (most_ - *longest_ + 1) / 2 : least_;
  }
}

}  // namespace vtid::monitor
