file(GLOB config_seeds CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/golden/config/good/*.json)
vtid_fuzz(config_fuzz SEEDS ${config_seeds} DEPENDS config)
target_compile_definitions(config_fuzz PRIVATE VTID_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
# Bytes seldom make a valid file; exchanged words often do.
vtid_test(config_mutation_test SOURCES config_fuzz.cc config_mutation_test.cc DEPENDS config LABEL fuzz)
