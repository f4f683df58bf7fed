# Libraries from the distribution, each behind a target of ours, headers as SYSTEM so that only our warnings count.
# fmt is linked, not header-only: compiling it in every file made up half of a build.
if(CMAKE_CROSSCOMPILING)
  add_library(vtid_fmt STATIC ${PROJECT_SOURCE_DIR}/packaging/freebsd/fmt.cc)
else()
  find_package(fmt REQUIRED)
  add_library(vtid_fmt INTERFACE)
  target_link_libraries(vtid_fmt INTERFACE fmt::fmt)
endif()
add_library(vtid_spdlog INTERFACE)  # header-only: one file of ours includes it
target_compile_definitions(vtid_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(vtid_spdlog INTERFACE vtid_fmt)
add_library(vtid_json INTERFACE)
target_compile_definitions(vtid_json INTERFACE JSON_USE_IMPLICIT_CONVERSIONS=0)
