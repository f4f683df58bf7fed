// The dialogue over PF_KEY. send(2) always succeeds; an answer, or a refusal, comes as a message of the request's type and
// of our pid. An answer repeats the request's number; a list counts its own down to 0 (sys/netipsec/key.c, key_dump).
#include <cerrno>
#include <string>
#include <system_error>

#include "platform/freebsd/look.h"

namespace vtid::platform::freebsd {
namespace {

constexpr std::string_view kLostAnswers = "raise kern.ipc.maxsockbuf: all answers have to fit into the socket's buffer";

std::unexpected<Error> failed(int code) {
  return fail("PF_KEY: " + std::generic_category().message(code), code == ENOBUFS ? std::string(kLostAnswers) : "", code);
}

bool is_list(std::uint8_t type) { return type == abi::kSadbDump || type == abi::kSadbSpdDump; }

bool answers(const abi::KeyHeader& header, const abi::KeyHeader& request) {
  if (header.type != request.type || header.pid != request.pid) return false;
  return is_list(header.type) || header.sequence == request.sequence;
}

// Messages until one answers; bounded, because others can send without end.
constexpr int kMostNotices = 100'000;

Result<Bytes> next_answer(Calls& calls, const abi::KeyHeader& request) {
  for (int i = 0; i < kMostNotices; ++i) {
    auto bytes = calls.receive_key();
    if (!bytes) return bytes;
    const auto header = read_at<abi::KeyHeader>(*bytes);
    if (header && answers(*header, request)) return bytes;
  }
  return failed(ETIMEDOUT);
}

// The list's messages have numbers without a gap, the last one 0. The kernel drops what the socket's buffer cannot hold.
Result<std::vector<Bytes>> rest_of_list(Calls& calls, const abi::KeyHeader& request, Bytes first) {
  std::uint32_t number = read_at<abi::KeyHeader>(first)->sequence;
  std::vector<Bytes> found{std::move(first)};
  while (number != 0) {
    auto bytes = next_answer(calls, request);
    if (!bytes) return failed(bytes.error().code == ETIMEDOUT ? ENOBUFS : bytes.error().code);
    const auto header = *read_at<abi::KeyHeader>(*bytes);
    if (header.error != 0) return failed(header.error);
    if (header.sequence != number - 1) return failed(ENOBUFS);
    number = header.sequence;
    found.push_back(*std::move(bytes));
  }
  return found;
}

}  // namespace

Result<std::vector<Bytes>> ask_key(Calls& calls, const Bytes& request) {
  const auto sent = *read_at<abi::KeyHeader>(request);
  if (const int code = calls.send_key(request); code != 0) return failed(code);
  auto first = next_answer(calls, sent);
  if (!first) return std::unexpected(first.error());
  const auto header = *read_at<abi::KeyHeader>(*first);
  if (is_list(sent.type) && header.error == ENOENT) return std::vector<Bytes>{};  // there are none
  if (header.error != 0) return failed(header.error);
  if (!is_list(sent.type)) return std::vector<Bytes>{*std::move(first)};
  return rest_of_list(calls, sent, *std::move(first));
}

// A list that lost messages is asked for again: an SA may have come between the kernel's count and its list.
Result<std::vector<ListedSa>> list_sas(Calls& calls) {
  const KeyStamp stamp{static_cast<std::uint32_t>(calls.pid()), 1};
  Result<std::vector<Bytes>> answers;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    answers = ask_key(calls, encode_key_dump(abi::kSadbDump, stamp));
    if (answers || answers.error().code != ENOBUFS) break;
  }
  if (!answers) return fail("cannot list SAs: " + answers.error().text, answers.error().remedy, answers.error().code);
  std::vector<ListedSa> found;
  for (const Bytes& bytes : *answers) {
    const auto message = read_key_message(bytes);
    auto sa = message ? decode_sa(*message) : std::nullopt;
    if (sa) found.push_back(*std::move(sa));
  }
  return found;
}

}  // namespace vtid::platform::freebsd
