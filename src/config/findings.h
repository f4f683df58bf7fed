// Collects findings while a file is read and checked. A finding is made with a pointer only; its line is looked up when
// all are taken. Also answers what later rules need to know: was something wrong here already?
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/finding.h"

namespace vtid::config {

struct Node;

class Findings {
 public:
  // `line` 0: where `pointer` leads in the file, or as far as it leads.
  void error(std::string pointer, std::string text, std::string remedy = {}, int line = 0);
  void warning(std::string pointer, std::string text, std::string remedy = {});

  // Whether an error was reported at `pointer` or below. A rule across fields then says nothing: its input is not what
  // the user meant.
  [[nodiscard]] bool any_under(std::string_view pointer) const;
  [[nodiscard]] bool any_at(std::string_view pointer) const { return broken_.contains(pointer); }
  [[nodiscard]] bool any() const { return !errors_.empty(); }

  struct Taken {
    std::vector<Finding> errors;
    std::vector<Finding> warnings;
  };
  // All of them in the file's order, with their lines in `root`; at most kMostFindings of a kind and one that counts the rest.
  [[nodiscard]] Taken take(std::string_view file, const Node& root);

 private:
  std::vector<Finding> errors_;
  std::vector<Finding> warnings_;
  std::set<std::string, std::less<>> broken_;
};

}  // namespace vtid::config
