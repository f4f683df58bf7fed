#include <algorithm>
#include <cerrno>

#include "contract/stage.h"

namespace vtid::contract {
namespace {

using model::DeleteSa;
using model::SetSa;

model::Sa sa(std::uint32_t spi, std::string_view algorithm = "aes128gcm16") {
  model::Sa sa;
  sa.source = *net::parse_address("198.51.100.1");
  sa.destination = *net::parse_address("192.0.2.1");
  sa.spi = spi;
  sa.reqid = {5001};
  sa.if_id = {1};
  sa.algorithm = *model::parse_sa_algorithm(algorithm);
  std::string key(static_cast<std::size_t>(model::key_layout(sa.algorithm).total()), '\0');
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(i + spi);
  sa.key = model::Secret(key);
  return sa;
}

model::Policy policy() {
  return {model::PolicyDirection::in,       net::Family::ipv4,     {1}, {5001}, *net::parse_address("198.51.100.1"),
          *net::parse_address("192.0.2.1"), model::kPolicyPriority};
}

// Not every kernel has all of them, FreeBSD's no CCM and no short tags, and ChaCha20 not before 13.
void every_algorithm(Stage& stage) {
  std::vector<model::Sa> wanted;
  for (const model::SaAlgorithm& algorithm : model::sa_algorithms()) {
    const model::Sa next = sa(0x1000 + static_cast<std::uint32_t>(wanted.size()), print(algorithm));
    const int code = stage.apply(SetSa{next});
    const bool missing = as_freebsd(stage.system) &&
                         (code == EOPNOTSUPP || (code == EINVAL && algorithm.cipher == model::Cipher::chacha20_poly1305));
    stage.expect(code == 0 || missing, print(algorithm) + " can be made");
    if (code == 0) wanted.push_back(next);
  }
  stage.expect(wanted.size() > 4, "most of them can be made");
  stage.expect(stage.observe().sas == wanted, "they are as they were given, keys too, sorted");
  for (const auto& item : wanted) stage.expect(stage.apply(DeleteSa{item}) == 0, "it can be deleted");
  stage.expect(stage.observe().sas.empty(), "none is left");
}

void every_window(Stage& stage) {
  std::vector<model::Sa> wanted;
  const std::uint32_t step = stage.system.replay_window_step;
  for (const std::uint32_t window : {0U, step, 32U, 32U + step, 64U, 4096U}) {
    wanted.push_back(sa(0x1000 + window));
    wanted.back().replay_window = window;
    stage.expect(stage.apply(SetSa{wanted.back()}) == 0, "it can be made");
  }
  stage.expect(stage.observe().sas == wanted, "they are as they were given");
  if (as_freebsd(stage.system)) return;  // it knows no end
  model::Sa wider = sa(0x3000);
  wider.replay_window = 4097;
  stage.expect(stage.apply(SetSa{wider}) == EINVAL, "a window of more is refused");
}

void longest(Stage& stage) {
  model::Sa wanted = sa(0x1001, "aes256-sha512");
  wanted.source = *net::parse_address("2001:db8::2");
  wanted.destination = *net::parse_address("2001:db8::1");
  wanted.replay_window = 4096;
  stage.expect(stage.apply(SetSa{wanted}) == 0, "it can be made");
  stage.expect(stage.observe().sas == std::vector{wanted}, "it is as it was given");
}

void again(Stage& stage) {
  stage.expect(stage.apply(SetSa{sa(0x1001)}) == 0, "it can be made");
  stage.expect(stage.apply(SetSa{sa(0x1001)}) == 0, "making an equal one is no error");
  stage.expect(stage.apply(SetSa{sa(0x1001, "aes256-sha256")}) == EEXIST, "making a different one is");
  stage.expect(stage.observe().sas == std::vector{sa(0x1001)}, "the first is there");
  stage.expect(stage.apply(SetSa{sa(0x1001, "aes256-sha256"), true}) == 0, "it can be replaced");
  stage.expect(stage.observe().sas == std::vector{sa(0x1001, "aes256-sha256")}, "the other is there");
  model::Sa elsewhere = sa(0x1001);
  std::swap(elsewhere.source, elsewhere.destination);
  const int free = as_freebsd(stage.system) ? EEXIST : 0;  // there an SPI is one SA's, wherever it leads
  stage.expect(stage.apply(SetSa{elsewhere}) == free, "the same SPI towards another address is another SA");
  stage.expect(stage.apply(SetSa{sa(0x1002), true}) == 0, "replacing what is gone is no error");
}

void short_key(Stage& stage) {
  model::Sa broken = sa(0x1001);
  broken.key = model::Secret("short");
  stage.expect(stage.apply(SetSa{broken}) == EINVAL, "it is refused");
  stage.expect(stage.told.find("short") == std::string::npos, "the refusal shows no key");
}

void remove_gone(Stage& stage) {
  stage.expect(stage.apply(DeleteSa{sa(0x1001)}) == 0, "deleting what is not there is no error");
}

void foreign(Stage& stage) {
  (void)stage.settle();
  stage.world.add_sa(sa(0x1001));
  stage.expect(!stage.noticed(), "theirs is no news");
  stage.expect(stage.observe().sas.empty(), "theirs is not listed");
  stage.expect(stage.apply(SetSa{sa(0x1001)}) == EEXIST, "theirs is not taken for ours");
  stage.expect(stage.apply(SetSa{sa(0x1001), true}) == EEXIST, "theirs is not replaced");
  stage.expect(stage.apply(DeleteSa{sa(0x1001)}) == EEXIST, "theirs is not deleted");
  stage.expect(stage.world.has_sa(sa(0x1001)), "theirs is there");
}

void deleted_by_hand(Stage& stage) {
  stage.expect(stage.apply(SetSa{sa(0x1001)}) == 0, "it can be made");
  stage.expect(stage.noticed(), "what we do is noticed too");
  stage.expect(stage.observe().sas.size() == 1, "it is there");
  stage.expect(!stage.noticed(), "looking changes nothing");
  stage.world.delete_our_sa(sa(0x1001));
  stage.expect(stage.noticed(), "that it was deleted is noticed");
  stage.expect(stage.observe().sas.empty(), "it is gone");
}

model::CharonsSa negotiated(std::uint32_t spi, bool held) {
  const model::Sa standing = sa(spi);
  return {standing.destination, standing.spi, standing.source, standing.reqid, {}, true, held};
}

// Those behind policies of ours; when they were made, only the kernel knows.
std::vector<model::CharonsSa> behind_ours(Stage& stage) {
  std::vector<model::CharonsSa> found;
  for (model::CharonsSa sa : stage.observe().charons_sas) {
    sa.made = {};
    if (sa.behind_ours) found.push_back(sa);
  }
  return found;
}

void held(Stage& stage) {
  stage.world.add_sa(sa(0x1001));
  stage.expect(behind_ours(stage).empty(), "behind the policies of others it is not listed");
  stage.expect(stage.apply(model::SetPolicy{policy()}) == 0, "a policy of ours can be made");
  stage.world.add_sa(sa(0x1002));
  model::Sa of_another = sa(0x1003);
  of_another.reqid = {5002};
  of_another.if_id = {2};
  stage.world.add_sa(of_another);
  stage.expect(behind_ours(stage) == std::vector{negotiated(0x1001, false), negotiated(0x1002, false)},
               "behind a policy of ours those with its reqid are");
  stage.expect(stage.apply(model::HoldSa{negotiated(0x1001, true)}) == 0, "one can be held");
  stage.expect(behind_ours(stage) == std::vector{negotiated(0x1001, true), negotiated(0x1002, false)}, "it is held");
  stage.expect(stage.apply(model::HoldSa{negotiated(0x1001, true)}) == 0, "holding it again is no error");
  stage.expect(stage.apply(model::HoldSa{negotiated(0x1001, false)}) == 0, "it can be let go");
  stage.expect(behind_ours(stage) == std::vector{negotiated(0x1001, false), negotiated(0x1002, false)}, "none is held");
  stage.expect(stage.world.has_sa(sa(0x1001)), "nothing else about it has changed");
  stage.expect(stage.apply(model::HoldSa{negotiated(0x1009, true)}) == 0, "holding what is gone is no error");
}

void charons(Stage& stage) {
  stage.world.add_sa(sa(0x1001));
  const auto listed = stage.observe().charons_sas;
  stage.expect(listed.size() == 1 && listed.front().spi == 0x1001 && listed.front().reqid == sa(0x1001).reqid &&
                   listed.front().destination == sa(0x1001).destination && listed.front().source == sa(0x1001).source,
               "another's is listed by its reqid");
  stage.expect(stage.settle().lost_sas.empty(), "that it came is no loss");
  stage.world.delete_our_sa(sa(0x1001));
  const platform::Notices told = stage.settle();
  stage.expect(told.lost_sas == std::vector<std::uint32_t>{0x1001} || told.ours > 0, "that it went is told");
  stage.expect(stage.observe().charons_sas.empty(), "it is gone");
}

}  // namespace

std::vector<Case> sa_cases() {
  return {{"sa.every_algorithm_set_listed_deleted", every_algorithm},
          {"sa.every_replay_window", every_window},
          {"sa.ipv6_with_the_longest_keys", longest},
          {"sa.set_again_and_replaced", again},
          {"sa.short_key_refused", short_key},
          {"sa.delete_of_missing_done", remove_gone},
          {"sa.foreign_untouched", foreign},
          {"sa.deleted_by_hand_noticed", deleted_by_hand},
          {"sa.charons_listed_and_missed", charons},
          {"sa.negotiated_held_and_let_go", held, as_linux}};
}

}  // namespace vtid::contract
