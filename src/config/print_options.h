// Of the canonical file: what read_options.h reads. Keys that are charon's to decide are left out.
#pragma once

#include <nlohmann/json.hpp>

#include "model/sa_options.h"

namespace vtid::config {

void print_ike_options(const model::IkeOptions& options, nlohmann::ordered_json& ike);
void print_child_options(const model::ChildOptions& options, nlohmann::ordered_json& child);

}  // namespace vtid::config
