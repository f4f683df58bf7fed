# cmake --install: the two programs, their manuals, the example file with its schema, and what the service manager needs.
include(GNUInstallDirs)

install(TARGETS vtid RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS vtictl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

file(GLOB manuals CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[0-9])
foreach(manual ${manuals})
  cmake_path(GET manual EXTENSION LAST_ONLY section)
  string(SUBSTRING ${section} 1 -1 section)
  install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

install(FILES conf/vtid.example.json conf/prometheus-alerts.yml conf/grafana-dashboard.json
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES conf/vtid.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/vtid)

if(CMAKE_SYSTEM_NAME STREQUAL Linux)
  configure_file(packaging/systemd/vtid.service.in vtid.service @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vtid.service DESTINATION lib/systemd/system)
  install(FILES packaging/systemd/vtid.sysusers DESTINATION lib/sysusers.d RENAME vtid.conf)
  install(DIRECTORY DESTINATION /etc/vtid)  # where the programs look, whatever the prefix: empty, for the configuration
  foreach(program vtid vtictl)
    install(FILES packaging/completions/${program}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
      RENAME ${program})
  endforeach()
  install(FILES packaging/completions/vtictl.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _vtictl)
  install(FILES packaging/completions/vtictl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()

if(CMAKE_SYSTEM_NAME STREQUAL FreeBSD)
  configure_file(packaging/freebsd/vtid.rc.in vtid.rc @ONLY)
  install(PROGRAMS ${CMAKE_CURRENT_BINARY_DIR}/vtid.rc DESTINATION etc/rc.d RENAME vtid)
  install(FILES packaging/freebsd/newsyslog.conf DESTINATION etc/newsyslog.conf.d RENAME vtid.conf)
  # whether vtid works on this machine: docs/freebsd.md
  set(tests tests/freebsd)
  install(PROGRAMS ${tests}/run DESTINATION ${CMAKE_INSTALL_DATADIR}/vtid/tests)
  install(FILES ${tests}/cases.sh ${tests}/enc.json ${tests}/flows ${tests}/if_ipsec.json ${tests}/lab.sh ${tests}/tunnel.json
    DESTINATION ${CMAKE_INSTALL_DATADIR}/vtid/tests)
endif()
