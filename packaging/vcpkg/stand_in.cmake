# What a portfile calls, as far as ours does, so that it can be run without vcpkg.
#   cmake -DPORT=… -DWORK=… -P stand_in.cmake
set(CURRENT_PACKAGES_DIR ${WORK}/package)
set(CURRENT_BUILDTREES_DIR ${WORK})

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 given "" "SOURCE_PATH" "OPTIONS")
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${given_SOURCE_PATH} -B ${WORK}/build ${given_OPTIONS}
    -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_cmake_install)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK}/build COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${WORK}/build COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_fixup_pkgconfig)
  if(NOT EXISTS ${CURRENT_PACKAGES_DIR}/lib/pkgconfig/lpconnector.pc)
    message(FATAL_ERROR "there is no lpconnector.pc")
  endif()
endfunction()

function(vcpkg_find_acquire_program name)
  find_program(${name} python3 REQUIRED)
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 given "" "" "FILE_LIST")
  set(all "")
  foreach(file ${given_FILE_LIST})
    file(READ ${file} text)
    string(APPEND all "${text}")
  endforeach()
  file(WRITE ${CURRENT_PACKAGES_DIR}/share/lpconnector/copyright "${all}")
endfunction()

include(${PORT}/portfile.cmake)
