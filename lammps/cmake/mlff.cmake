# For a LAMMPS built from source without the package PLUGIN. From its build folder:
#
#     cmake -D CMAKE_PROJECT_lammps_INCLUDE=.../mlff/lammps/cmake/mlff.cmake ../cmake
#
# The pair style becomes part of lmp, which finds libmlff.so beside itself or through MLFF_LIBRARY.
set(MLFF_ROOT ${CMAKE_CURRENT_LIST_DIR}/../..)
file(GLOB MLFF_PAIR ${MLFF_ROOT}/lammps/src/pair_mlff.h ${MLFF_ROOT}/lammps/src/pair_mlff*.cpp)
file(COPY ${MLFF_PAIR} DESTINATION ${CMAKE_SOURCE_DIR}/../src)
include_directories(${MLFF_ROOT}/include)
link_libraries(${CMAKE_DL_LIBS}) # the engine is opened at run time
