# Libraries from the distribution, each behind a target of ours, headers as SYSTEM so that only our warnings count.
# fmt and spdlog are used header-only: the same on every target, and the cross build needs no compiled copy.
add_library(vtid_fmt INTERFACE)
target_compile_definitions(vtid_fmt INTERFACE FMT_HEADER_ONLY)
add_library(vtid_spdlog INTERFACE)
target_compile_definitions(vtid_spdlog INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
add_library(vtid_json INTERFACE)
target_compile_definitions(vtid_json INTERFACE JSON_USE_IMPLICIT_CONVERSIONS=0)
