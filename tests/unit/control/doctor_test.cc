#include "control/doctor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <set>
#include <sstream>

#include "support/foreign_words.h"
#include "support/host.h"

namespace vtid::control {
namespace {

using test::address;
using test::device;
using test::Host;
using test::prefix;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<Diagnosis> diagnose(Host host) {
  host.snapshot.config = std::make_shared<const model::Config>(host.config);
  const Index index(host.snapshot);
  return diagnose(DoctorInput{index, host.facts});
}

// "warning rp_filter ipsec1: text", of all that are not well.
std::vector<std::string> lines(const Host& host) {
  std::vector<std::string> lines;
  for (const Diagnosis& it : diagnose(host)) {
    if (it.verdict != Verdict::ok)
      lines.push_back(fmt::format("{} {} {}: {}", print(it.verdict), it.check, it.object, it.text));
  }
  return lines;
}

model::ChildSa& hq_child(Host& host) { return host.snapshot.sas.children.at(7); }
model::ObservedLink& link(Host& host, const char* name) {
  return *std::ranges::find(host.snapshot.observed.links, device(name), &model::ObservedLink::name);
}
model::TunnelStatus& hq_status(Host& host) { return host.snapshot.tunnels[0]; }
// The administrator's connection, and in it an SA of charon's reqid.
void keep_in_swanctl_conf(Host& host) {
  host.config.tunnels[0].ike = model::ExternalIke{"theirs"};
  host.snapshot.sas.ikes.at(3).name = "theirs";
  hq_child(host).reqid = {1};
}
// A child that has no interface beside the one that has.
void add_networks(Host& host) {
  model::ChildStatus child;
  child.name = "networks";
  child.mode = model::ChildMode::tunnel;
  child.state = model::TunnelState::up;
  hq_status(host).children.push_back(child);
  model::ChildSa& sa = host.snapshot.sas.children[8] = hq_child(host);
  sa.id = 8;
  sa.name = "networks";
  sa.reqid = {1};
  sa.if_id_in = sa.if_id_out = {};
}
// A second VTI child with an interface of its own.
void split(Host& host) {
  model::ChildStatus child = hq_status(host).children[0];
  child.name = "v6";
  child.reqid = {5003};
  child.if_id = {3};
  hq_status(host).children.push_back(child);
  model::ChildSa& sa = host.snapshot.sas.children[8] = hq_child(host);
  sa.id = 8;
  sa.name = "v6";
  sa.reqid = {5003};
  sa.if_id_in = sa.if_id_out = {3};
}
model::ForwardChain& drop_forwarded(Host& host, const char* maker = "") {
  return host.facts.forward_chains->emplace_back(model::ForwardChain{"ip", "filter", "FORWARD", maker});
}
// A gateway on eth0, which is strict, that is probed by an address to which the host itself goes by `way`.
void probe_beyond(Host& host, const char* way) {
  host.config.interfaces.push_back({"UPLINK", model::DevicePort{device("eth0")}, true, "", std::nullopt});
  model::Gateway& gateway =
      host.config.gateways.emplace_back(model::Gateway{"UPLINK_GW", "UPLINK", address("192.0.2.254"), false, 1, {}});
  gateway.monitor.address = address("203.0.113.77");
  host.facts.paths.emplace(address("203.0.113.77"), model::PeerPath{device(way), std::nullopt});
  host.facts.sysctls["net.ipv4.conf.eth0.rp_filter"] = 1;
}
model::CharonSettings& charon(Host& host) { return *host.facts.charon; }
model::Ike& ike(Host& host) { return std::get<model::Ike>(host.config.tunnels[0].ike); }
model::Route by_other_device(model::Route route) {
  route.target = model::ViaGateway{device("ipsec2"), address("10.6.107.2")};
  return route;
}

// ---- nothing is wrong

TEST(Doctor, FindsNothingWhereNothingIsWrong) { EXPECT_THAT(lines(test::well_host()), IsEmpty()); }
// Each maker of a firewall has another place for what others add.
TEST(Doctor, KnowsHowEachFirewallIsToldToForward) {
  const std::map<const char*, const char*> remedies{
      {"", "nft insert rule ip filter FORWARD iifname ipsec1 accept"},
      {"docker", "iptables -I DOCKER-USER -i ipsec1 -j ACCEPT"},
      {"ufw", "ufw route allow in on ipsec1"},
      {"firewalld", "firewall-cmd --permanent --zone=ZONE --add-interface=ipsec1"}};
  for (const auto& [maker, remedy] : remedies) {
    Host host = test::well_host();
    drop_forwarded(host, maker);
    EXPECT_THAT(diagnose(host).front().remedy, HasSubstr(remedy)) << maker;
  }
}
TEST(Doctor, FindsNothingOnFreebsdWhereNothingIsWrong) {
  Host host = test::well_host();
  host.facts = test::freebsd_facts();
  EXPECT_THAT(lines(host), IsEmpty());
}
TEST(Doctor, NamesEveryCheckOfItsSystemEvenWhenAllIsWell) {
  std::set<std::string_view> named;
  for (const Diagnosis& it : diagnose(test::well_host())) named.insert(it.check);
  for (const Check& check : checks()) EXPECT_EQ(named.contains(check.name), check.system != "freebsd") << check.name;
}

// ---- one thing is wrong

struct Case {
  const char* name;
  void (*spoil)(Host& host);
  const char* line;  // the only one, or its beginning
};

const Case kCases[] = {
    {"AProblemOfTheDaemon",
     [](Host& host) {
       host.snapshot.problems = {{model::Severity::warning, "tunnels/hq", "no answer", "look"}};
     },
     "warning problems tunnels/hq: no answer"},
    {"TheDeadlock", [](Host& host) { host.snapshot.sas.version = "5.9.10"; },
     "warning charon_version charon: strongSwan 5.9.10 can deadlock"},
    {"AMissingDevice",
     [](Host& host) {
       std::erase_if(host.snapshot.observed.links, [](const auto& it) { return it.name == device("ipsec1"); });
     },
     "error device ipsec1: the device of hq is missing"},
    {"ADeviceThatIsDown", [](Host& host) { link(host, "ipsec1").up = false; }, "error device ipsec1: the device of hq is down"},
    {"AForeignDeviceOfOurName", [](Host& host) { link(host, "ipsec1").owner = model::Owner::other; },
     "error device_taken ipsec1: has the name that hq needs"},
    {"AForeignDeviceOfOurIfId", [](Host& host) { link(host, "eth1").if_id = net::IfId{1}; },
     "error device_taken eth1: has the if_id 1 that hq needs"},
    {"AnotherMtuThanComputed", [](Host& host) { link(host, "ipsec1").mtu = 1300; },
     "warning device_mtu ipsec1: has mtu 1300, and should have 1422"},
    {"ADuplicate", [](Host& host) { (host.snapshot.sas.children[8] = hq_child(host)).id = 8; },
     "warning duplicate_sas tunnels/hq: has 2 CHILD_SAs of reqid 5001"},
    {"AnotherIfId", [](Host& host) { hq_child(host).if_id_in = {9}; },
     "error sa_numbers tunnels/hq: CHILD_SA vti#7 has reqid 5001 and if_ids 9 and 1; ipsec1 has reqid 5001 and if_id 1"},
    {"AnotherReqid", [](Host& host) { hq_child(host).reqid = {1}; },
     "error sa_numbers tunnels/hq: CHILD_SA vti#7 has reqid 1 and if_ids 1 and 1; ipsec1 has reqid 5001 and if_id 1"},
    {"AnotherIfIdOfAnExternalConnection",
     [](Host& host) {
       keep_in_swanctl_conf(host);
       hq_child(host).if_id_out = {};
     },
     "error sa_numbers tunnels/hq: CHILD_SA vti#7 has reqid 1 and if_ids 1 and 0; ipsec1 has reqid 5001 and if_id 1"},
    {"AnotherReqidThanThatOfVtidsPolicies",
     [](Host& host) {
       keep_in_swanctl_conf(host);
       host.config.tunnels[0].children[0].policies = model::PolicyOwner::vtid;
     },
     "error sa_numbers tunnels/hq: CHILD_SA vti#7 has reqid 1 and if_ids 1 and 1; ipsec1 has reqid 5001 and if_id 1"},
    {"AnotherIfIdOfASecondInterface",
     [](Host& host) {
       split(host);
       host.snapshot.sas.children.at(8).if_id_in = {1};
     },
     "error sa_numbers tunnels/hq: CHILD_SA v6#8 has reqid 5003 and if_ids 1 and 3; ipsec1 has reqid 5003 and if_id 3"},
    {"AStray",
     [](Host& host) {
       model::ChildSa orphan = hq_child(host);
       orphan.id = 8;
       orphan.ike_id = 99;
       orphan.reqid = {5077};
       host.snapshot.sas.children[8] = orphan;
     },
     "warning stray_sas sas/vti: CHILD_SA vti#8 has reqid 5077"},
    {"ARouteThatIsNotThere", [](Host& host) { host.snapshot.observed.routes.pop_back(); },
     "warning routes routes/2: 10.30.0.0/16 metric 20 via VTI_HQ_VTIV4 is not installed"},
    {"ARouteIntoADeadGateway",
     [](Host& host) {
       host.config.routes.resize(1);
       host.snapshot.gateways["VTI_HQ_VTIV4"].state = model::GatewayState::down;
       host.snapshot.selection.down = {"VTI_HQ_VTIV4"};
     },
     "warning routes routes/0: 10.20.0.0/16 goes to VTI_HQ_VTIV4, which does not answer"},
    {"APeerBehindItsOwnTunnel",
     [](Host& host) {
       host.facts.paths.at(address("198.51.100.1")) = model::PeerPath{device("ipsec1"), std::nullopt};
     },
     "error peer_path tunnels/hq: its peer 198.51.100.1 is reached through ipsec1, the device of hq"},
    {"APeerWithoutARoute",
     [](Host& host) { host.facts.paths.at(address("198.51.100.1")) = fail("there is no route to 198.51.100.1"); },
     "warning peer_path tunnels/hq: there is no route"},
    {"ANarrowPath",
     [](Host& host) {
       host.facts.paths.at(address("198.51.100.1")) = model::PeerPath{device("eth0"), 1400};
     },
     "warning path_mtu ipsec1: has mtu 1422; the path to 198.51.100.1 takes 1400, which leaves at most 1354"},
    {"ANarrowOuterDevice", [](Host& host) { link(host, "eth0").mtu = 1450; },
     "warning path_mtu ipsec1: has mtu 1422; eth0 has 1450, which leaves at most 1404"},
    {"APolicyThatTakesEverything",
     [](Host& host) {
       host.facts.catch_alls->push_back({model::PolicyDirection::out, net::Family::ipv4, 7, false});
     },
     "error catch_all_policy policy out ipv4: a policy of priority 7 demands IPsec for all ipv4 traffic"},
    {"StrictRpFilterOfItsVrf",
     [](Host& host) {
       link(host, "ipsec1").master = device("red");
       host.facts.sysctls["net.ipv4.conf.red.rp_filter"] = 1;
     },
     "caveat rp_filter red: rp_filter is strict (1): right as long"},
    {"StrictRpFilterOfTheDevice", [](Host& host) { host.facts.sysctls["net.ipv4.conf.ipsec1.rp_filter"] = 1; },
     "caveat rp_filter ipsec1: rp_filter is strict (1): right as long"},
    {"StrictRpFilterWithTwoWays",
     [](Host& host) {
       host.facts.sysctls["net.ipv4.conf.ipsec1.rp_filter"] = 1;
       host.snapshot.desired.routes.push_back({by_other_device(test::route("10.20.0.0/16", 20)), "routes/9"});
     },
     "warning rp_filter ipsec1: rp_filter is strict (1), and the file has another way"},
    {"StrictRpFilterWhereProbesAreAnswered", [](Host& host) { probe_beyond(host, "eth1"); },
     "warning rp_filter eth0: rp_filter is strict (1), and the host's own way to the monitor address 203.0.113.77 is eth1"},
    {"StrictRpFilterOnTheHostsOwnWay", [](Host& host) { probe_beyond(host, "eth0"); }, ""},
    {"NoForwarding", [](Host& host) { host.facts.sysctls["net.ipv4.ip_forward"] = 0; },
     "warning forwarding : net.ipv4.ip_forward is 0, and routes of the file lead into tunnels"},
    {"AFirewallThatForwardsNothing",
     [](Host& host) {
       drop_forwarded(host).devices = {"docker0", "ipsec10", "ips"};
     },
     "warning forward_chain ip filter FORWARD: drops what it forwards unless a rule accepts it, and no rule speaks of ipsec1"},
    {"AFirewallThatForwardsTheDevice", [](Host& host) { drop_forwarded(host).devices = {"ipsec1"}; }, ""},
    {"AFirewallThatForwardsAllDevices", [](Host& host) { drop_forwarded(host).devices = {"ips*"}; }, ""},
    {"AFirewallThatForwardsByAddress", [](Host& host) { drop_forwarded(host).by_other = true; }, ""},
    {"AFirewallOfAFamilyWithoutRoutes", [](Host& host) { drop_forwarded(host).family = "ip6"; }, ""},
    {"AFirewallBetweenTunnelsAlone",
     [](Host& host) {
       drop_forwarded(host);
       std::erase_if(host.snapshot.observed.addresses, [](const auto& it) { return it.device == device("eth1"); });
     },
     ""},
    {"NoForwardingFromTheDevice",
     [](Host& host) {
       host.facts.sysctls["net.ipv4.conf.ipsec1.forwarding"] = 0;
       host.facts.sysctls["net.ipv4.conf.ipsec1.accept_redirects"] = 0;
     },
     "warning forwarding ipsec1: net.ipv4.conf.ipsec1.forwarding is 0"},
    {"NoIpv6", [](Host& host) { host.facts.sysctls["net.ipv6.conf.ipsec1.disable_ipv6"] = 1; },
     "error disable_ipv6 ipsec1: disable_ipv6 is 1"},
    {"NoXfrm", [](Host& host) { host.facts.sysctls["net.ipv4.conf.ipsec1.disable_xfrm"] = 1; },
     "error disable_xfrm ipsec1: disable_xfrm is 1"},
    {"Redirects", [](Host& host) { host.facts.sysctls["net.ipv4.conf.all.accept_redirects"] = 1; },
     "caveat redirects ipsec1: accept_redirects is on"},
    {"NoPathMtuDiscovery", [](Host& host) { host.facts.sysctls["net.ipv4.ip_no_pmtu_disc"] = 1; },
     "caveat pmtu_discovery : net.ipv4.ip_no_pmtu_disc is 1"},
    {"DropsThatGrow",
     [](Host& host) {
       host.facts.drops->at(0) = {"XfrmInNoStates", 15, 4, 3};
     },
     "warning xfrm_drops XfrmInNoStates: ESP came with an SPI that this host has no SA for: 3 since doctor last looked, 4 "
     "since"},
    {"DropsThatGrewOnce",
     [](Host& host) {
       host.facts.drops->at(0) = {"XfrmInNoStates", 15, 4, 0};
     },
     "caveat xfrm_drops XfrmInNoStates: ESP came with an SPI that this host has no SA for: 4 since vtid started, none since"},
    {"DropsOfAnotherKind",
     [](Host& host) {
       host.facts.drops->at(1) = {"XfrmFromTheFuture", 1, 1, 1};
     },
     "caveat xfrm_drops XfrmFromTheFuture: the kernel dropped packets: 1 since"},
    {"InstallRoutes", [](Host& host) { charon(host).erase("charon.install_routes"); },
     "caveat install_routes charon: install_routes is on: harmless for vtid's tunnels"},
    {"InstallRoutesWithOtherSas",
     [](Host& host) {
       charon(host)["charon-systemd.install_routes"] = "yes";
       model::ChildSa other = hq_child(host);
       other.id = 8;
       other.ike_id = 99;
       other.reqid = {1};
       other.if_id_in = other.if_id_out = {};
       host.snapshot.sas.children[8] = other;
     },
     "warning install_routes charon: install_routes is on, and charon has SAs without an if_id"},
    {"InstallRoutesXfrmi", [](Host& host) { charon(host)["charon.plugins.kernel-netlink.install_routes_xfrmi"] = "yes"; },
     "error install_routes_xfrmi charon: plugins.kernel-netlink.install_routes_xfrmi is on"},
    {"InterfacesThatCharonSees", [](Host& host) { charon(host).erase("charon.interfaces_use"); },
     "caveat interfaces_ignore ipsec1: charon may use it as an outer interface; MOBIKE is off"},
    {"InterfacesThatMobikeSees",
     [](Host& host) {
       charon(host)["charon.interfaces_use"] = "eth0, ipsec1";
       ike(host).mobike = true;
     },
     "warning interfaces_ignore ipsec1: charon may use it as an outer interface, and MOBIKE is on"},
    {"FewThreads", [](Host& host) { charon(host)["charon.threads"] = "4"; }, "warning threads charon: has 4 threads"},
    {"ThreadsThatAreNoNumber", [](Host& host) { charon(host)["charon.threads"] = "many"; },
     "caveat threads charon: charon-systemd.threads is \"many\""},
    {"ASmallTableOfSas",
     [](Host& host) {
       for (int i = 0; i < 200; ++i) host.config.tunnels.push_back(vtid::test::tunnel(fmt::format("t{}", i), 1));
     },
     "caveat ikesa_table_size charon: ikesa_table_size is 1, for 202 tunnels"},
    {"ReqidBase", [](Host& host) { charon(host)["charon.reqid_base"] = "5000"; }, ""},
    {"ReqidBaseAmongOurs", [](Host& host) { charon(host)["charon.reqid_base"] = "6000"; },
     "warning reqid_base charon: reqid_base is 6000: in the range of vtid's own, 5001 to 37767"},
    {"RekeyedDelay", [](Host& host) { charon(host)["charon.delete_rekeyed_delay"] = "0"; },
     "caveat delete_rekeyed_delay charon: delete_rekeyed_delay is 0"},
    {"BreaksBeforeItMakes", [](Host& host) { ike(host).options.reauth = Duration{3'600'000}; },
     "caveat make_before_break tunnels/hq: has \"reauth\", and charon.make_before_break is off"},
    {"MakesBeforeItBreaks",
     [](Host& host) {
       ike(host).options.reauth = Duration{3'600'000};
       charon(host)["charon.make_before_break"] = "yes";
     },
     ""},
    {"StartScripts", [](Host& host) { charon(host)["charon.start-scripts.load"] = "/usr/sbin/swanctl --load-all"; },
     "caveat start_scripts charon.start-scripts.load: runs \"/usr/sbin/swanctl --load-all\""},
    {"TheOldestSa",
     [](Host& host) {
       host.facts = test::freebsd_facts();
       host.facts.sysctls["net.key.preferred_oldsa"] = 1;
     },
     "warning preferred_oldsa : net.key.preferred_oldsa is 1"},
    {"LongPausesBetweenAcquires",
     [](Host& host) {
       host.facts = test::freebsd_facts();
       host.config.tunnels.front().start = model::Start::trap;
     },
     "warning acquire_pause tunnels/hq: net.key.blockacq_lifetime is 20 seconds"},
    {"NoTunnelOnDemand", [](Host& host) { host.facts = test::freebsd_facts(); }, ""},
    {"AnotherFilterMode",
     [](Host& host) {
       host.facts = test::freebsd_facts();
       host.config.filter.rules.emplace();
       host.facts.sysctls["net.inet.ipsec.filtertunnel"] = 1;
     },
     "warning filter_points : net.inet.ipsec.filtertunnel is 1, and filter mode enc wants 0"},
    {"FreebsdForwarding",
     [](Host& host) {
       host.facts = test::freebsd_facts();
       host.facts.sysctls["net.inet.ip.forwarding"] = 0;
     },
     "warning forwarding : net.inet.ip.forwarding is 0"},
    // what looks like a trap and is none
    {"SwitchesThatVtidDoesNotKeep",
     [](Host& host) {
       host.facts = test::freebsd_facts();
       host.config.filter.rules.reset();
       host.facts.sysctls["net.inet.ipsec.filtertunnel"] = 1;
     },
     ""},
    {"ADisabledTunnelWithoutDevice", [](Host& host) { host.snapshot.tunnels[1].state = model::TunnelState::disabled; }, ""},
    {"TheTwoHalvesOfARekey",
     [](Host& host) {
       (host.snapshot.sas.children[8] = hq_child(host)).id = 8;
       hq_child(host).state = model::ChildState::rekeyed;
     },
     ""},
    {"ReqidsOfCharonsChoice", keep_in_swanctl_conf, ""},
    {"AChildWithoutInterface", add_networks, ""},
    {"ASecondInterface", split, ""},
    {"NoForwardingWithoutALan",
     [](Host& host) {
       host.facts.sysctls["net.ipv4.ip_forward"] = 0;
       std::erase_if(host.snapshot.observed.addresses, [](const auto& it) { return it.device == device("eth1"); });
     },
     ""},
    {"StrictRpFilterUnderALooseOne",
     [](Host& host) {
       host.facts.sysctls["net.ipv4.conf.all.rp_filter"] = 2;
       host.facts.sysctls["net.ipv4.conf.ipsec1.rp_filter"] = 1;
     },
     ""},
    {"RedirectsThatARouterRefuses", [](Host& host) { host.facts.sysctls["net.ipv4.conf.ipsec1.accept_redirects"] = 1; }, ""},
    {"AnOldDropCounter",
     [](Host& host) {
       host.facts.drops->at(0) = {"XfrmInNoStates", 99'999, 0, 0};
     },
     ""},
    {"AnIgnoredInterface",
     [](Host& host) {
       charon(host).erase("charon.interfaces_use");
       charon(host)["charon.interfaces_ignore"] = "ipsec1,ipsec2";
     },
     ""},
};

class OneTrap : public ::testing::TestWithParam<Case> {};
TEST_P(OneTrap, IsFoundAlone) {
  Host host = test::well_host();
  GetParam().spoil(host);
  const auto found = lines(host);
  if (*GetParam().line == '\0') {
    EXPECT_THAT(found, IsEmpty());
  } else {
    ASSERT_EQ(found.size(), 1U) << ::testing::PrintToString(found);
    EXPECT_THAT(found[0], ::testing::StartsWith(GetParam().line));
  }
}
TEST_P(OneTrap, HasAConsequenceAndARemedy) {
  Host host = test::well_host();
  GetParam().spoil(host);
  for (const Diagnosis& it : diagnose(host)) {
    EXPECT_EQ(it.consequence.empty(), it.verdict < Verdict::caveat) << it.check;
    EXPECT_EQ(it.remedy.empty(), it.verdict < Verdict::caveat) << it.check;
  }
}
TEST_P(OneTrap, NamesNothingOfLinuxOnFreebsd) {
  Host host = test::well_host();
  GetParam().spoil(host);
  host.facts.system = "freebsd";
  host.facts.charon_program = "charon";  // there is no other there
  for (const Diagnosis& it : diagnose(host)) {
    for (const std::string_view text : {std::string_view(it.remedy), std::string_view(it.consequence)}) {
      EXPECT_EQ(vtid::test::linux_word_in(text), "") << it.check << ": " << text;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Doctor, OneTrap, ::testing::ValuesIn(kCases), [](const auto& it) { return it.param.name; });

TEST(Doctor, HasACaseForEveryCheck) {
  std::string all;
  for (const Case& it : kCases) all += std::string(it.line) + '\n';
  for (const Check& check : checks()) EXPECT_THAT(all, HasSubstr(fmt::format(" {} ", check.name)));
}

// ---- what cannot be read

TEST(Doctor, CallsWhatNobodyReadUnknownAndNeitherWellNorWrong) {
  Host host = test::well_host();
  host.facts = {};
  for (const Diagnosis& it : diagnose(host)) EXPECT_LE(it.verdict, Verdict::unknown) << it.check << ": " << it.text;
  EXPECT_THAT(lines(host), Contains(HasSubstr("unknown rp_filter : could not be read: net.ipv4.conf.all.rp_filter")));
  EXPECT_THAT(lines(host), Contains(HasSubstr("unknown threads charon: could not be read")));
  EXPECT_THAT(lines(host), Contains(HasSubstr("unknown xfrm_drops : could not be read")));
}
TEST(Doctor, SaysWhyItCouldNotBeRead) {
  Host host = test::well_host();
  host.facts.drops = fail("/proc/net/xfrm_stat is not there", "CONFIG_XFRM_STATISTICS");
  EXPECT_THAT(lines(host), Contains("unknown xfrm_drops : could not be read: /proc/net/xfrm_stat is not there"));
}
TEST(Doctor, DoesNotJudgeTheSasOfACharonThatIsAway) {
  Host host = test::well_host();
  (host.snapshot.sas.children[8] = hq_child(host)).id = 8;
  host.snapshot.sas.connected = false;
  EXPECT_THAT(lines(host), Not(Contains(HasSubstr("2 CHILD_SAs"))));
}

// ---- the list as a whole

TEST(Doctor, TakesAnSaForOneProcessorForNoDuplicate) {
  Host host = test::well_host();
  model::ChildSa& second = host.snapshot.sas.children[8] = hq_child(host);
  second.id = 8;
  second.for_one_cpu = true;
  EXPECT_THAT(lines(host), IsEmpty());
}

TEST(Doctor, PutsTheWorstFirst) {
  Host host = test::well_host();
  host.facts.sysctls["net.ipv4.ip_no_pmtu_disc"] = 1;
  host.facts.sysctls["net.ipv4.conf.ipsec1.disable_xfrm"] = 1;
  host.snapshot.sas.version = "5.9.8";
  const auto found = lines(host);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_THAT(found[0], HasSubstr("error disable_xfrm"));
  EXPECT_THAT(found[1], HasSubstr("warning charon_version"));
  EXPECT_THAT(found[2], HasSubstr("caveat pmtu_discovery"));
}
TEST(Doctor, SaysHowManyMoreThereAreOfOneKind) {
  Host host = test::well_host();
  for (int i = 0; i < 50; ++i) host.facts.catch_alls->push_back({});
  const auto found = lines(host);
  ASSERT_EQ(found.size(), kMostOfOneCheck + 1);
  EXPECT_THAT(found.back(), HasSubstr("and 34 more like these"));
}
TEST(Doctor, CountsWarningsAndErrorsAsFound) {
  Host host = test::well_host();
  host.facts.sysctls["net.ipv4.ip_no_pmtu_disc"] = 1;
  EXPECT_EQ(render_diagnoses(diagnose(host))["found"], 0);
  host.facts.sysctls["net.ipv4.conf.ipsec1.disable_xfrm"] = 1;
  EXPECT_EQ(render_diagnoses(diagnose(host))["found"], 1);
}
TEST(Doctor, AsksForTheDevicesAndPeersOfTunnelsThatAreEnabled) {
  const Host host = test::well_host();
  const Index index(host.snapshot);
  const auto question = question_about(index);
  EXPECT_EQ(question.devices, std::vector{device("ipsec1")});
  EXPECT_EQ(question.peers, std::vector{address("198.51.100.1")});
}

// ---- the documentation

TEST(Doctor, ExplainsEachCheckInItsPage) {
  std::ifstream file(VTID_SOURCE_DIR "/docs/doctor.md");
  std::ostringstream page;
  page << file.rdbuf();
  for (const Check& check : checks()) EXPECT_THAT(page.str(), HasSubstr(fmt::format("\n### {}\n", check.name)));
}
TEST(Doctor, HasNoSectionForACheckThatIsNot) {
  std::ifstream file(VTID_SOURCE_DIR "/docs/doctor.md");
  std::set<std::string> names;
  for (const Check& check : checks()) names.emplace(check.name);
  for (std::string line; std::getline(file, line);) {
    EXPECT_TRUE(!line.starts_with("### ") || names.contains(line.substr(4))) << line;
  }
}

}  // namespace
}  // namespace vtid::control
