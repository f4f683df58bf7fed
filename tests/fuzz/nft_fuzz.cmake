if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  vtid_fuzz(nft_fuzz SEEDS ../golden/filter/listing.json DEPENDS platform LIBRARIES vtid_json)
endif()
