#include "daemon/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>
#include <sstream>

#include "base/printable.h"
#include "vtid/paths.h"
#include "vtid/protocol.h"
#include "vtid/version.h"

namespace vtid::daemon {
namespace {

constexpr int kUsageError = 2;

// The daemon may change its folder, and reloads. The status to exit with when that cannot be done.
std::optional<int> make_absolute(Options& options) {
  for (std::filesystem::path* path : {&options.config, &options.state}) {
    std::error_code error;
    *path = std::filesystem::absolute(*path, error);
    if (!error) continue;
    std::cerr << fmt::format("vtid: cannot tell the current folder: {}\n", error.message());
    return kUsageError;
  }
  return std::nullopt;
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
  Options options{paths::kConfig, std::string(protocol::kSocket), paths::kState};
  bool check = false;
  bool plan = false;
  CLI::App app(
      "Keeps routed IPsec tunnels in their configured state: makes interfaces, addresses and routes what the file says, with "
      "strongSwan for IKE.",
      "vtid");
  app.add_option("--config", options.config, "the configuration file")->type_name("FILE")->capture_default_str();
  app.add_option("--socket", options.socket, "the control socket; view.sock lies beside it")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--state", options.state, "where units are remembered; one daemon each")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--kernel", options.kernel, "what to write to: native, or memory (a try without effect)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Options::KernelChoice>{
          {"native", Options::KernelChoice::native}, {"memory", Options::KernelChoice::memory}}))
      ->type_name("native|memory");
  CLI::Option* check_option =
      app.add_flag("--check", check, "validate the file and print it with every default; exit 4 when it has errors");
  app.add_flag("--plan", plan, "print what would change, and change nothing")->excludes(check_option);
  app.set_version_flag("--version", "vtid " + std::string(kVersion));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;  // which may repeat an argument
    const bool wrong = app.exit(error, out, err) != 0;
    std::cout << printable(out.str(), Newlines::kept);
    std::cerr << printable(err.str(), Newlines::kept);
    return wrong ? kUsageError : 0;
  }
  if (check) options.mode = Options::Mode::check;
  if (plan) options.mode = Options::Mode::plan;
  if (const auto absolute = make_absolute(options)) return *absolute;
  return options;
}

}  // namespace vtid::daemon
