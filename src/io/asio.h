// The one door to Boost.Asio: some Boost versions need <utility> first in C++20 and later. Include this, never Asio itself.
#pragma once

#include <utility>

#include <boost/asio.hpp>
