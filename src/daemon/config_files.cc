#include "daemon/config_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>

#include "daemon/files.h"
#include "daemon/state_folder.h"

namespace vtid::daemon {
namespace {

namespace fs = std::filesystem;

using Check = Result<void> (*)(const struct stat&, const fs::path&);
using Opener = std::function<Result<OpenFile>(std::string_view name)>;

Result<void> check_secret(const struct stat& status, const fs::path& path) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return fail(fmt::format("{} belongs to another user", path.string()), fmt::format("chown root {}", path.string()));
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(fmt::format("{} can be read by others (mode {:04o})", path.string(), status.st_mode & 07777U),
                fmt::format("chmod 600 {}", path.string()));
  }
  return {};
}

Result<void> check_open(const struct stat& status, const fs::path& path) { return check_writers(status, path); }
Result<void> check_nothing(const struct stat&, const fs::path&) { return {}; }

Result<std::string> read_checked(const Result<OpenFile>& file, const fs::path& path, Check check,
                                 std::size_t longest = config::kLongestNamedFile) {
  if (!file) return std::unexpected(file.error());
  if (auto checked = check(file->status, path); !checked) return std::unexpected(checked.error());
  return read_all(file->fd, path, longest);
}

config::Readers readers_by(const Opener& open, const fs::path& folder, Check of_public) {
  const auto reader = [=](Check check) -> config::FileReader {
    return [=](std::string_view name) { return read_checked(open(name), folder / name, check); };
  };
  return {
      .secret =
          [read = reader(check_secret)](std::string_view name) {
            auto text = read(name);
            if (text && text->ends_with('\n')) text->pop_back();
            return text;
          },
      .key = reader(check_secret),
      .open = reader(of_public),
      .list =
          [=](std::string_view name) { return read_checked(open(name), folder / name, of_public, config::kLongestListFile); }};
}

// Its folder, and when it is a link the folder of what it leads to: who may write there may put another file in its place.
Result<void> check_folders(const fs::path& path) {
  std::error_code none;
  for (const fs::path& folder : std::set{path.parent_path(), fs::canonical(path, none).parent_path()}) {
    struct stat status {};
    if (folder.empty()) continue;
    if (::stat(folder.c_str(), &status) != 0) return file_failure("look at", folder);
    if (auto checked = check_writers(status, folder, Folder::shared); !checked) return checked;
  }
  return {};
}

// A program that is not there yet is no matter of who may write it.
Result<void> check_program(const model::Config& config) {
  if (!config.on_change) return {};
  struct stat status {};
  const fs::path program = config.on_change->command.front();
  if (::stat(program.c_str(), &status) != 0) return {};
  const auto checked = check_writers(status, program);
  return checked ? check_folders(program) : checked;
}

config::Finding finding_of(const fs::path& path, std::string pointer, const Error& error) {
  return {path.string(), 0, std::move(pointer), error.text, error.remedy};
}

config::Parsed refused(const fs::path& path, const Error& error) { return {std::nullopt, {finding_of(path, "", error)}, {}}; }

config::Parsed parse_open(const OpenFile& file, const fs::path& path, config::Readers readers,
                          const model::Capabilities& system) {
  const auto text = read_all(file.fd, path, config::kLongestFile);
  if (!text) return refused(path, text.error());
  if (auto closed = check_readers(file.status, path); !closed) readers.exposed = closed.error();
  return config::parse(*text, path.string(), readers, system);
}

// Through whatever the name leads to, as programs for people do.
Result<OpenFile> open_draft(const fs::path& path) {
  OpenFile file{UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY))};
  if (!file.fd) return file_failure("open", path);
  if (::fstat(file.fd.get(), &file.status) != 0) return file_failure("look at", path);
  return file;
}

// "/dev/stdin", "/dev/fd/63", a FIFO: nothing lies beside them.
fs::path folder_of_draft(const fs::path& path, const struct stat& status) {
  const bool lies_somewhere = S_ISREG(status.st_mode) && !path.string().starts_with("/dev/");
  return lies_somewhere ? path.parent_path() : fs::path(".");
}

// What tunnels of `config` name.
std::set<std::string, std::less<>> names_in(const model::Config& config) {
  std::set<std::string, std::less<>> names;
  struct OfAuth {
    std::set<std::string, std::less<>>& names;
    void operator()(const model::PskAuth& auth) const { names.insert(auth.psk.file); }
    void operator()(const model::CertificateAuth& auth) const {
      names.insert({auth.certificate.file, auth.key.file, auth.peer_certificate.file});
      for (const model::PublicSources* several : {&auth.ca, &auth.crl})
        names.insert(several->files.begin(), several->files.end());
    }
    void operator()(const model::PublicKeyAuth& auth) const {
      names.insert({auth.public_key.file, auth.key.file, auth.peer_public_key.file});
    }
  };
  struct OfTunnel {
    std::set<std::string, std::less<>>& names;
    void operator()(const model::Ike& ike) const {
      std::visit(OfAuth{names}, ike.auth);
      if (ike.ppk) names.insert(ike.ppk->secret.file);
    }
    void operator()(const model::ExternalIke&) const {}
    void operator()(const model::StaticKeys& keys) const {
      names.insert(keys.out.key.file);
      for (const model::StaticSa& sa : keys.in) names.insert(sa.key.file);
    }
  };
  for (const model::Tunnel& tunnel : config.tunnels) std::visit(OfTunnel{names}, tunnel.ike);
  return names;
}

std::unexpected<Error> elsewhere(std::string_view name, const fs::path& folder) {
  return fail(fmt::format("\"{}\" is not read: by the control socket only files below {} are read, and no links", name,
                          folder.string()),
              "put it there, or ask as root: vtictl apply FILE, vtid --plan --config FILE");
}

// One component after the other, so that no link and no ".." leads out. An absolute name may only repeat the folder's.
Result<OpenFile> open_below(const fs::path& folder, std::string_view name) {
  fs::path rest(name);
  if (std::ranges::find(rest, "..") != rest.end()) return elsewhere(name, folder);
  if (rest.is_absolute()) rest = rest.lexically_relative(folder);
  if (rest.empty() || *rest.begin() == "..") return elsewhere(name, folder);
  UniqueFd at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at) return file_failure("open", folder);
  fs::path shown = folder;
  for (auto part = rest.begin(); part != rest.end(); ++part) {
    shown /= *part;
    struct stat status {};
    if (::fstatat(at.get(), part->c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return file_failure("open", folder / name);
    if (S_ISLNK(status.st_mode)) return elsewhere(name, folder);
    if (std::next(part) == rest.end()) return open_regular_at(at.get(), part->c_str(), Links::refused, folder / name);
    UniqueFd next(::openat(at.get(), part->c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return file_failure("open", shown);
    at = std::move(next);
  }
  return elsewhere(name, folder);
}

}  // namespace

config::Readers file_readers(const fs::path& folder, Judged judged) {
  return readers_by([folder](std::string_view name) { return open_regular(folder / name); }, folder,
                    judged == Judged::as_running ? check_open : check_nothing);
}

config::Parsed read_config(const fs::path& path, const model::Capabilities& system) {
  const auto file = open_regular(path);
  if (!file) return refused(path, file.error());
  if (auto checked = check_writers(file->status, path); !checked) return refused(path, checked.error());
  if (auto checked = check_folders(path); !checked) return refused(path, checked.error());
  config::Parsed parsed = parse_open(*file, path, file_readers(path.parent_path()), system);
  if (!parsed.config) return parsed;
  if (auto checked = check_program(*parsed.config); !checked)
    return {std::nullopt, {finding_of(path, "/on_change/command/0", checked.error())}, std::move(parsed.warnings)};
  return parsed;
}

config::Parsed check_config(const fs::path& path, const model::Capabilities& system) {
  const auto file = open_draft(path);
  if (!file) return refused(path, file.error());
  config::Parsed parsed = parse_open(*file, path, file_readers(folder_of_draft(path, file->status), Judged::as_draft), system);
  std::vector<config::Finding> warnings;
  if (!S_ISREG(file->status.st_mode)) return parsed;
  if (auto checked = check_writers(file->status, path); !checked) warnings.push_back(finding_of(path, "", checked.error()));
  if (auto checked = check_folders(path); !checked) warnings.push_back(finding_of(path, "", checked.error()));
  const auto program = parsed.config ? check_program(*parsed.config) : Result<void>{};
  if (!program) warnings.push_back(finding_of(path, "/on_change/command/0", program.error()));
  parsed.warnings.insert(parsed.warnings.begin(), warnings.begin(), warnings.end());
  return parsed;
}

config::Parsed parse_in_place(std::string_view text, std::string_view name, const fs::path& folder,
                              const model::Capabilities& system) {
  config::Parsed parsed = config::parse(text, name, file_readers(folder), system);
  const auto program = parsed.config ? check_program(*parsed.config) : Result<void>{};
  if (program) return parsed;
  return {std::nullopt, {finding_of(name, "/on_change/command/0", program.error())}, std::move(parsed.warnings)};
}

Result<void> replace_config(const fs::path& path, std::string_view text) {
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  struct stat status {};
  if (error) return fail(fmt::format("cannot find {}: {}", path.string(), error.message()), "", error.value());
  if (::stat(target.c_str(), &status) != 0) return file_failure("look at", target);
  const auto folder = StateFolder::open(target.parent_path());
  if (!folder) return std::unexpected(folder.error());
  if (!*folder) return fail(fmt::format("{} is gone", target.parent_path().string()));
  return (*folder)->replace(target.filename().c_str(), text, StateFolder::PowerLoss::survived, &status);
}

config::Parsed parse_draft(std::string_view text, std::string_view name, const fs::path& folder, const model::Config& running,
                           const model::Capabilities& system) {
  const auto open = [&folder, known = names_in(running)](std::string_view file) {
    return known.contains(file) ? open_regular(folder / file) : open_below(folder, file);
  };
  return config::parse(text, name, readers_by(open, folder, check_open), system);
}

}  // namespace vtid::daemon
