#include "ctl/import.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <ostream>
#include <vector>

#include "base/file_io.h"
#include "base/unique_fd.h"
#include "ctl/compare.h"
#include "ctl/read_file.h"
#include "foreign/import.h"

namespace vtid::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBeside = 1'000;  // files of a folder

// Nothing is written while one of them is in the way.
Result<void> check_place(const foreign::KeptFile& file) {
  std::error_code none;
  if (!fs::exists(fs::symlink_status(file.name, none))) return {};
  return fail(fmt::format("{} is there already", file.name), "name another --secrets-dir, or move it away");
}

Result<void> write_secret(const foreign::KeptFile& file) {
  const UniqueFd fd(::open(file.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return file_failure("make", file.name);
  auto written = write_all(fd, file.bytes, file.name);
  if (!written) ::unlink(file.name.c_str());  // half a secret is none
  return written;
}

// Whoever may write there could put other secrets in the place of these.
Result<void> check_folder(const std::string& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return file_failure("look at", folder);
  if ((status.st_uid == 0 || status.st_uid == ::geteuid()) && (status.st_mode & S_IWOTH) == 0) return {};
  return fail(fmt::format("{} can be written by others", folder), "name a folder of your own: --secrets-dir DIR");
}

Result<void> keep(const std::string& folder, const std::vector<foreign::KeptFile>& files) {
  if (files.empty()) return {};
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) return file_failure("make", folder);
  if (auto ours = check_folder(folder); !ours) return ours;
  for (const foreign::KeptFile& file : files) {
    if (auto free = check_place(file); !free) return free;
  }
  for (const foreign::KeptFile& file : files) {
    if (auto written = write_secret(file); !written) return written;
  }
  return {};
}

// Files only, sorted; what cannot be read is as good as not there.
std::vector<std::string> list_files(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  fs::directory_iterator entry(folder, failure);
  while (!failure && entry != fs::directory_iterator{} && names.size() < kMostBeside) {
    std::error_code none;
    if (entry->is_regular_file(none)) names.push_back(entry->path().filename().string());
    entry.increment(failure);
  }
  std::ranges::sort(names);
  return names;
}

// Of a word that says whose file it is.
Result<foreign::Source> source_of(const ImportOrder& order, std::string_view text) {
  const auto named = std::ranges::find(foreign::kSources, order.source, &foreign::SourceName::word);
  if (named != foreign::kSources.end()) return named->source;
  auto source = foreign::recognise(text);
  if (!source) return fail(fmt::format("{} {}", order.file, source.error().text), source.error().remedy);
  return source;
}

}  // namespace

Result<foreign::Imported> import_text(const ImportOrder& order, std::string_view text) {
  std::error_code failure;
  const fs::path folder = fs::absolute(order.file, failure).lexically_normal().parent_path();
  if (failure) return fail(fmt::format("cannot tell where {} is: {}", order.file, failure.message()));
  const auto source = source_of(order, text);
  if (!source) return std::unexpected(source.error());
  const foreign::Beside beside{
      [&](std::string_view name) { return read_file((folder / name).string(), foreign::kLongestForeignFile); },
      [&](std::string_view name) { return list_files(folder / name); }};
  return foreign::import_from(*source, text, order.file, {order.secrets_folder, folder.string()}, beside);
}

Result<bool> run_import(const ImportOrder& order, std::ostream& out, std::ostream& err) {
  const auto text = read_file(order.file, foreign::kLongestForeignFile);
  if (!text) return std::unexpected(text.error());
  const auto imported = import_text(order, *text);
  if (!imported) return std::unexpected(imported.error());
  if (order.explain) {
    out << foreign::explain(*imported, order.file);
    return true;
  }
  Json compared;
  if (!order.peer_file.empty()) {
    const auto with_secrets = import_text({order.source, order.file, "secrets"}, *text);
    if (!with_secrets) return std::unexpected(with_secrets.error());
    auto result = compare_sides({order.file, with_secrets->text, with_secrets->files}, order.peer_file);
    if (!result) return std::unexpected(result.error());
    compared = std::move(*result);
  }
  if (auto kept = keep(order.secrets_folder, imported->files); !kept) return std::unexpected(kept.error());
  for (const foreign::Note& note : imported->notes) err << foreign::print(note, order.file) << '\n';
  out << (order.comments ? foreign::commented(*imported, order.file) : imported->text);
  if (compared.is_null()) return true;
  err << render_comparison(compared, {});
  return text_of(compared, "meets") == "yes";
}

}  // namespace vtid::ctl
