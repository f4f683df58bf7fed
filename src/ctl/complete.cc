#include "ctl/complete.h"

#include <algorithm>
#include <array>

namespace vtid::ctl {
namespace {

constexpr std::array<std::string_view, 5> kExplained{"tunnels", "interfaces", "gateways", "groups", "routes"};

// What stands before the word that is being typed.
struct Typed {
  const Syntax* command = nullptr;
  std::vector<Argument> options, places;
  std::vector<std::string> placed;
  const Argument* awaits = nullptr;  // the option whose value comes next
  std::string socket;
  bool ended = false;  // by "--"
};

void take_arguments(Typed& typed, std::vector<Argument> arguments) {
  for (Argument& argument : arguments) (argument.option.empty() ? typed.places : typed.options).push_back(std::move(argument));
  typed.awaits = nullptr;
}

void take_word(Typed& typed, const std::string& word, std::span<const Syntax> commands) {
  if (typed.awaits != nullptr) {
    if (typed.awaits->option == "--socket") typed.socket = word;
    typed.awaits = nullptr;
  } else if (word == "--") {
    typed.ended = true;
  } else if (word.starts_with('-')) {
    const auto option = std::ranges::find(typed.options, word, &Argument::option);
    if (option != typed.options.end() && option->takes_value) typed.awaits = &*option;
  } else if (typed.command != nullptr) {
    typed.placed.push_back(word);
  } else if (const auto command = std::ranges::find(commands, word, &Syntax::name); command != commands.end()) {
    typed.command = &*command;
    take_arguments(typed, arguments_of(*command));
  } else {
    typed.ended = true;  // of a command that is not there nothing is known
  }
}

// Only what no shell sees more in than a word.
bool is_plain_name(const std::string& name) {
  return !name.empty() && !name.starts_with('-') && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("_./+@-").contains(c);
  });
}

class Candidates {
 public:
  explicit Candidates(std::string word) : word_(std::move(word)) {}
  void add(const std::string& candidate, std::string_view help = {}) {
    if (!candidate.starts_with(word_)) return;
    text_ += candidate;
    if (!help.empty()) text_.append("\t").append(help);
    text_ += '\n';
  }
  void add_directive(std::string_view directive) { text_.append(directive).append("\n"); }
  [[nodiscard]] bool has_begun() const { return !word_.empty(); }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::string word_, text_;
};

void offer_names(const Typed& typed, std::string_view kind, const NamesSource& names, Candidates& to) {
  for (const std::string& name : names(typed.socket, std::string(kind)))
    if (is_plain_name(name)) to.add(name);
}

void offer(const Typed& typed, const Argument& argument, const NamesSource& names, Candidates& to) {
  for (const std::string& word : argument.words) to.add(word);
  switch (argument.offer) {
    case Offer::words: return;
    case Offer::files: return to.add_directive(":files");
    case Offer::words_or_files: return to.has_begun() ? to.add_directive(":files") : void();
    case Offer::folders: return to.add_directive(":folders");
    case Offer::tunnels: return offer_names(typed, "tunnels", names, to);
    case Offer::names_of_kind: return offer_names(typed, typed.placed.front(), names, to);
    case Offer::explained:
      for (const std::string_view kind : kExplained) offer_names(typed, kind, names, to);
  }
}

}  // namespace

std::string complete(std::span<const std::string> words, std::span<const Syntax> commands, const NamesSource& names) {
  if (words.empty()) return {};
  Typed typed;
  take_arguments(typed, global_arguments());
  for (const std::string& word : words.first(words.size() - 1)) take_word(typed, word, commands);
  Candidates to(words.back());
  if (typed.ended) return {};
  if (typed.awaits != nullptr) {
    offer(typed, *typed.awaits, names, to);
  } else if (words.back().starts_with('-')) {
    for (const Argument& option : typed.options) to.add(option.option, option.help);
  } else if (typed.command == nullptr) {
    for (const Syntax& command : commands) to.add(std::string(command.name), command.help);
  } else if (typed.placed.size() < typed.places.size()) {
    offer(typed, typed.places[typed.placed.size()], names, to);
  }
  return std::move(to).text();
}

}  // namespace vtid::ctl
