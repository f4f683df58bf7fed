// What doctor answers about a host where several things are wrong, compared with doctor.json.
#include <gtest/gtest.h>

#include "control/dispatch.h"
#include "control/message.h"
#include "support/golden.h"
#include "support/host.h"

namespace vtid::control {
namespace {

std::string answer(const test::Host& host) {
  const Json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "doctor"}};
  const Action action = dispatch(request.dump(), Access::view, host.snapshot);
  const auto facts = std::make_shared<const model::HostFacts>(host.facts);
  const std::string line = std::get<Execute>(action).reply(model::Answer{"", std::nullopt, facts}, host.snapshot);
  return Json::parse(line)["result"].dump(2) + '\n';
}

TEST(DoctorAnswer, IsTheGoldenOne) {
  test::Host host = test::well_host();
  host.snapshot.sas.version = "5.9.8";
  host.snapshot.observed.links.back().up = false;
  host.facts.sysctls["net.ipv4.conf.ipsec1.rp_filter"] = 1;
  host.facts.sysctls["net.ipv6.conf.ipsec1.disable_ipv6"] = fail("cannot read it: No such file or directory");
  host.facts.drops->at(0) = {"XfrmInNoStates", 15, 4, 3};
  host.facts.charon = fail("/etc/strongswan.conf is not of the charon at unix:///run/charon.vici", "name it");
  vtid::test::expect_golden(VTID_SOURCE_DIR "/tests/golden/control/doctor.json", answer(host));
}

}  // namespace
}  // namespace vtid::control
