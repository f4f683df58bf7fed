// The one door to Boost.Asio: some Boost versions need <utility> first in C++20 and later. Include this, never Asio itself.
#pragma once

#include <utility>

#include <boost/asio.hpp>

namespace vtid::io {

inline constexpr auto kNoThrow = boost::asio::as_tuple(boost::asio::use_awaitable);  // co_await gives the error

}  // namespace vtid::io
