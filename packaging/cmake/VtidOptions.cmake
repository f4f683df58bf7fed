# What every target is compiled with, and vtid_library(): one library per folder of src/.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(VTID_TESTS "build the tests" ON)
option(VTID_WERROR "warnings are errors" OFF)
set(VTID_UNITY "" CACHE STRING "what is compiled several files at a time, which is quicker: tests, or all")
set(VTID_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined")
option(VTID_FUZZ_COVERAGE "fuzzers are guided by the code that they reach; only they can be built then" OFF)

find_program(VTID_CCACHE ccache)
if(VTID_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${VTID_CCACHE})
endif()

# What the compiler and the linker can do against those who find a hole, as far as they know it; lint.hardened looks at what came
# of it. Sanitizers have their own.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
if(NOT VTID_SANITIZE)
  include(CheckCXXCompilerFlag)
  include(CheckLinkerFlag)
  foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "VTID_HAS${flag}" known)
    check_cxx_compiler_flag("-Werror ${flag}" ${known})
    if(${known})
      add_compile_options(${flag})
    endif()
  endforeach()
  foreach(flag -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
    string(MAKE_C_IDENTIFIER "VTID_HAS${flag}" known)
    check_linker_flag(CXX ${flag} ${known})
    if(${known})
      add_link_options(${flag})
    endif()
  endforeach()
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  # the C library's checks need an optimiser, which Debug has not
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()

add_library(vtid_options INTERFACE)
target_compile_options(vtid_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual $<$<BOOL:${VTID_WERROR}>:-Werror>
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>) # which finds names of other files where those are compiled together
target_include_directories(vtid_options INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
if(VTID_SANITIZE)
  # GCC's manual: sanitizers raise false positives of this warning; the presets without them keep it. Left out is what costs
  # most to compile and says nothing more: AddressSanitizer stops at a null pointer too, and this processor knows no alignment.
  add_compile_options(-fsanitize=${VTID_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-maybe-uninitialized
    -fno-sanitize=null,alignment,object-size,vptr)
  add_link_options(-fsanitize=${VTID_SANITIZE})
endif()
if(VTID_FUZZ_COVERAGE)
  add_compile_options(-fsanitize-coverage=trace-pc)  # tests/fuzz/coverage.cc
endif()

# vtid_unity(TARGET [SEPARATE file ...]): its files are compiled together; those named, whose local names others have too, alone.
function(vtid_unity target)
  cmake_parse_arguments(arg "" "" "SEPARATE" ${ARGN})
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  set_source_files_properties(${arg_SEPARATE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
# The same for a target that only tests have.
function(vtid_unity_tests)
  if(VTID_UNITY MATCHES "^(tests|all)$")
    vtid_unity(${ARGN})
  endif()
endfunction()

# vtid_library(NAME SOURCES ... [DEPENDS room ...] [LIBRARIES target ...])
function(vtid_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  list(TRANSFORM arg_DEPENDS PREPEND vtid_)
  add_library(vtid_${name} STATIC ${arg_SOURCES})
  target_link_libraries(vtid_${name} PUBLIC ${arg_DEPENDS} vtid_options PRIVATE ${arg_LIBRARIES})
  if(VTID_UNITY STREQUAL "all")
    vtid_unity(vtid_${name})
  endif()
endfunction()
