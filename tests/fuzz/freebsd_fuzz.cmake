# What a FreeBSD 12.1 kernel said and was told.
file(GLOB freebsd_seeds CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/golden/freebsd/pfkey_*.hex
     ${PROJECT_SOURCE_DIR}/tests/golden/freebsd/rt_*.hex ${PROJECT_SOURCE_DIR}/tests/golden/freebsd/sysctl_*.hex)
vtid_fuzz(freebsd_fuzz SEEDS ${freebsd_seeds} DEPENDS freebsd_wire)
