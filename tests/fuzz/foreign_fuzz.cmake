file(GLOB foreign_seeds CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/golden/foreign/*/*.xml
     ${PROJECT_SOURCE_DIR}/tests/golden/foreign/*/*.conf
     ${PROJECT_SOURCE_DIR}/tests/golden/foreign/*/*.boot)
vtid_fuzz(foreign_fuzz SEEDS ${foreign_seeds} DEPENDS foreign)
